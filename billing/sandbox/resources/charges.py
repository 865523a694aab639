"""/v1/charges"""

from billing.sandbox.contract import Json
from billing.sandbox.expansion import includes
from billing.sandbox.lists import Query, listed
from billing.sandbox.routing import serves
from billing.sandbox.unit import Unit


@serves("GET /v1/charges/{charge}")
def retrieve(unit: Unit, _params: Json, charge_id: str) -> Json:
    return unit.get("charge", charge_id, param="charge")


@serves("GET /v1/charges")
def list_(unit: Unit, params: Json) -> Json:
    query = Query(unit, "charge", params).equal(
        customer="customer", payment_intent="payment_intent"
    )
    return query.ranged("created").page("/v1/charges")


@includes("charge", "refunds")
def refunds(unit: Unit, charge: Json) -> Json:
    found = unit.objects.all("refund", charge=charge["id"])
    return listed(found[::-1], f"/v1/charges/{charge['id']}/refunds")
