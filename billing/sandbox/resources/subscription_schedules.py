"""/v1/subscription_schedules of subscriptions that exist: changes at the end of the period."""

from billing.sandbox import ending, phases, schedules
from billing.sandbox.contract import Json
from billing.sandbox.errors import ApiError, not_served, parameter_missing
from billing.sandbox.lists import Query
from billing.sandbox.metadata import merged
from billing.sandbox.routing import serves
from billing.sandbox.subscribing import UPDATED
from billing.sandbox.unit import Unit

_PATH = "/v1/subscription_schedules/{schedule}"
_SERVED = {"phases", "end_behavior", "metadata", "proration_behavior"}


@serves("POST /v1/subscription_schedules")
def create(unit: Unit, params: Json) -> Json:
    for name in params:
        if name != "from_subscription":
            raise not_served(name, name)
    if "from_subscription" not in params:
        raise parameter_missing("from_subscription")
    subscription = unit.referenced("subscription", params["from_subscription"], "from_subscription")
    _refuse_unfit(subscription)
    phase = phases.of_subscription(subscription)
    schedule = unit.create("subscription_schedule", {
        "billing_mode": subscription["billing_mode"],
        "current_phase": {"end_date": phase["end_date"], "start_date": phase["start_date"]},
        "customer": subscription["customer"],
        "default_settings": _default_settings(unit),
        "end_behavior": "release",
        "metadata": {},
        "phases": [phase],
        "status": "active",
        "subscription": subscription["id"],
        "test_clock": subscription["test_clock"],
    })  # fmt: skip
    unit.emit("subscription_schedule.created", schedule)
    unit.change(subscription, {"schedule": schedule["id"]}, UPDATED)
    schedules.watch(unit, schedule)
    return schedule


@serves(f"GET {_PATH}")
def retrieve(unit: Unit, _params: Json, schedule_id: str) -> Json:
    return unit.get("subscription_schedule", schedule_id, param="schedule")


@serves(f"POST {_PATH}")
def update(unit: Unit, params: Json, schedule_id: str) -> Json:
    schedule = _running(unit, schedule_id, "update")
    for name in params:
        if name not in _SERVED:
            raise not_served(name, name)
    changes: Json = {"metadata": merged(schedule["metadata"], params.get("metadata"))}
    if "end_behavior" in params:
        if params["end_behavior"] not in ("release", "cancel"):
            raise not_served(f"end_behavior={params['end_behavior']}", "end_behavior")
        changes["end_behavior"] = params["end_behavior"]
    if "phases" in params:
        changes["phases"] = phases.from_params(unit, schedule, params["phases"])
        now = phases.current(changes["phases"], unit.now)
        changes["current_phase"] = now and {
            "end_date": now["end_date"],
            "start_date": now["start_date"],
        }
    schedule = unit.change(schedule, changes, schedules.CHANGED)
    schedules.watch(unit, schedule)
    schedules.apply_current(unit, schedule, params.get("proration_behavior"))
    return unit.get("subscription_schedule", schedule_id)


@serves(f"POST {_PATH}/release")
def release(unit: Unit, params: Json, schedule_id: str) -> Json:
    schedule = _running(unit, schedule_id, "release")
    released = schedules.release(unit, schedule)
    if params.get("preserve_cancel_date") and schedule["end_behavior"] == "cancel":
        subscription = unit.get("subscription", schedule["subscription"])
        last = schedule["phases"][-1]["end_date"]
        unit.change(subscription, ending.end_later(unit, subscription, last, {}), UPDATED)
    return released


@serves(f"POST {_PATH}/cancel")
def cancel(unit: Unit, params: Json, schedule_id: str) -> Json:
    schedule = _running(unit, schedule_id, "cancel")
    for name in params:
        raise not_served(name, name)
    subscription = unit.get("subscription", schedule["subscription"])
    ending.end(unit, subscription, ending.details(subscription, {}, "cancellation_requested"))
    return unit.get("subscription_schedule", schedule_id)


@serves("GET /v1/subscription_schedules")
def list_(unit: Unit, params: Json) -> Json:
    query = Query(unit, "subscription_schedule", params).equal(customer="customer")
    query.ranged("created", "canceled_at", "completed_at", "released_at")
    return query.page("/v1/subscription_schedules")


def _refuse_unfit(subscription: Json) -> None:
    if subscription["schedule"]:
        raise ApiError(
            "You cannot migrate a subscription that is already attached to a schedule: "
            f"{subscription['schedule']}"
        )
    if subscription["status"] in (*ending.ENDED, "incomplete"):
        raise ApiError(
            f"You cannot migrate a subscription that is in the `{subscription['status']}` status."
        )


def _running(unit: Unit, schedule_id: str, verb: str) -> Json:
    schedule = unit.get("subscription_schedule", schedule_id, param="schedule")
    if schedule["status"] != "active":
        raise ApiError(
            f"You cannot {verb} a subscription schedule that is currently in the "
            f"`{schedule['status']}` status. It must be `not_started` or `active`."
        )
    return schedule


def _default_settings(unit: Unit) -> Json:
    blank: Json = unit.contract.blank("subscription_schedule")["default_settings"]
    return blank | {
        "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
        "billing_cycle_anchor": "automatic",
        "collection_method": "charge_automatically",
        "invoice_settings": {
            "account_tax_ids": None,
            "custom_fields": None,
            "days_until_due": None,
            "description": None,
            "footer": None,
            "issuer": {"type": "self"},
        },
    }
