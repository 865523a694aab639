"""Test clocks: customers whose time stands still until somebody advances it."""

from billing.sandbox import periods
from billing.sandbox.contract import Json
from billing.sandbox.ending import ENDED
from billing.sandbox.errors import ApiError, invalid
from billing.sandbox.unit import Unit

KIND = "test_helpers.test_clock"
MAX_CUSTOMERS = 3
MAX_INTERVALS = 2
DAY_SECONDS = 24 * 3600
KEPT_SECONDS = 30 * DAY_SECONDS
LONGEST_SECONDS = 2 * 365 * DAY_SECONDS
# Parameters that name an object whose clock rules a call.
_NAMING = ("customer", "subscription", "from_subscription", "invoice", "payment_intent", "charge")


def enter(unit: Unit, body: Json | None) -> None:
    """Go on at the time of the test clock of an object's customer, if there is one."""
    clock = clock_of(unit, body)
    if clock:
        unit.at_clock(clock)


def enter_for_call(unit: Unit, ids: tuple[str, ...], params: Json, *, writes: bool) -> None:
    """Let a call happen at the time of the clock of what it names; none changes anything while
    that clock is being advanced."""
    named = [params[name] for name in _NAMING if isinstance(params.get(name), str)]
    if isinstance(params.get("test_clock"), str):
        named.append(params["test_clock"])
    for object_id in [*ids, *named]:
        body = unit.objects.find(object_id)
        clock = clock_of(unit, body)
        if clock is None:
            continue
        if writes and clock["status"] == "advancing":
            raise underway(clock)
        unit.at_clock(clock)
        return


def clock_of(unit: Unit, body: Json | None) -> Json | None:
    """The test clock that an object lives by."""
    if body is None or body["object"] == KIND:
        return body
    clock_id = body.get("test_clock")
    if clock_id is None and isinstance(body.get("customer"), str):
        clock_id = (unit.objects.find(body["customer"]) or {}).get("test_clock")
    return unit.objects.find(clock_id) if clock_id else None


def underway(clock: Json) -> ApiError:
    return ApiError(
        "Test clock advancement underway - cannot perform modifications: " + clock["id"],
        status=429,
        code="rate_limit",
    )


def start(unit: Unit, clock: Json, target: int) -> Json:
    """Begin to advance; the timekeeper does the rest."""
    if clock["status"] == "advancing":
        raise underway(clock)
    if target <= clock["frozen_time"]:
        raise invalid(
            "The `frozen_time` must be after the current frozen time of the test clock.",
            "frozen_time",
        )
    if target > _latest(unit, clock):
        raise invalid(
            "You cannot advance a test clock by more than two intervals of its shortest "
            "subscription, or by more than two years.",
            "frozen_time",
        )
    changes = {
        "status": "advancing",
        "status_details": {"advancing": {"target_frozen_time": target}},
    }
    clock = unit.change(clock, changes)
    unit.emit(f"{KIND}.advancing", clock)
    return clock


def target_of(clock: Json) -> int:
    return int(clock["status_details"]["advancing"]["target_frozen_time"])


def arrive(unit: Unit, clock: Json) -> None:
    """All that was due has happened: the clock stands at its target."""
    changes = {"frozen_time": target_of(clock), "status": "ready", "status_details": {}}
    unit.emit(f"{KIND}.ready", unit.change(clock, changes))


def customers_of(unit: Unit, clock_id: str) -> list[Json]:
    return unit.objects.all("customer", test_clock=clock_id)


def refuse_more_customers(unit: Unit, clock_id: str) -> None:
    """A clock rules three customers at most."""
    unit.referenced(KIND, clock_id, "test_clock")
    if len(customers_of(unit, clock_id)) >= MAX_CUSTOMERS:
        raise invalid(
            f"Test clocks can have at most {MAX_CUSTOMERS} customers.", "test_clock",
        )  # fmt: skip


def _latest(unit: Unit, clock: Json) -> int:
    """How far the clock may be advanced in one step."""
    start = int(clock["frozen_time"])
    ends = [start + LONGEST_SECONDS]
    for subscription in unit.objects.all("subscription", test_clock=clock["id"]):
        if subscription["status"] not in ENDED:
            for item in subscription["items"]["data"]:
                recurring = item["price"]["recurring"]
                count = MAX_INTERVALS * recurring["interval_count"]
                ends.append(periods.after(start, recurring["interval"], count))
    return min(ends)
