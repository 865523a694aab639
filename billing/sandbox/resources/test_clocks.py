"""/v1/test_helpers/test_clocks"""

from billing.sandbox import clocks
from billing.sandbox.clocks import KIND
from billing.sandbox.contract import Json
from billing.sandbox.errors import not_served
from billing.sandbox.lists import Query
from billing.sandbox.resources import customers
from billing.sandbox.routing import serves
from billing.sandbox.unit import Unit

_URL = "/v1/test_helpers/test_clocks"
_PATH = f"{_URL}/{{test_clock}}"


@serves(f"POST {_URL}")
def create(unit: Unit, params: Json) -> Json:
    if "customer" in params:
        raise not_served("customer", "customer")
    clock = unit.create(KIND, {
        "created": unit.real_now,
        "deletes_after": unit.real_now + clocks.KEPT_SECONDS,
        "frozen_time": params["frozen_time"],
        "name": params.get("name"),
        "status": "ready",
        "status_details": {},
    })  # fmt: skip
    unit.emit(f"{KIND}.created", clock)
    return clock


@serves(f"GET {_PATH}")
def retrieve(unit: Unit, _params: Json, clock_id: str) -> Json:
    return unit.get(KIND, clock_id, param="test_clock")


@serves(f"GET {_URL}")
def list_(unit: Unit, params: Json) -> Json:
    return Query(unit, KIND, params).page(_URL)


@serves(f"POST {_PATH}/advance")
def advance(unit: Unit, params: Json, clock_id: str) -> Json:
    clock = unit.get(KIND, clock_id, param="test_clock")
    return clocks.start(unit, clock, params["frozen_time"])


@serves(f"DELETE {_PATH}")
def delete(unit: Unit, _params: Json, clock_id: str) -> Json:
    clock = unit.get(KIND, clock_id, param="test_clock")
    for customer in clocks.customers_of(unit, clock_id):
        customers.delete(unit, {}, customer["id"])
    unit.db.execute("DELETE FROM timers WHERE account = ? AND clock = ?", (unit.account, clock_id))
    unit.emit(f"{KIND}.deleted", clock)
    unit.objects.delete(clock_id)
    return {"id": clock_id, "object": KIND, "deleted": True}
