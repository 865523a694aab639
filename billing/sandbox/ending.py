"""How subscriptions end: now, at a time, with the period; and how that is taken back."""

from billing.sandbox.contract import Json
from billing.sandbox.errors import ApiError, invalid
from billing.sandbox.timers import timer
from billing.sandbox.unit import Unit

ENDED = ("canceled", "incomplete_expired")
KEPT = {"cancel_at": None, "cancel_at_period_end": False, "canceled_at": None}


def end(unit: Unit, subscription: Json, details: Json) -> Json:
    """End it now and emit `customer.subscription.deleted`; its open invoices rest."""
    changes = {
        "cancel_at_period_end": False,
        "canceled_at": subscription["canceled_at"] or unit.now,
        "cancellation_details": details,
        "ended_at": unit.now,
        "pending_update": None,
        "schedule": None,
        "status": "canceled",
    }
    for invoice in unit.objects.all("invoice", customer=subscription["customer"]):
        parent = (invoice["parent"] or {}).get("subscription_details") or {}
        is_own = parent.get("subscription") == subscription["id"]
        if is_own and invoice["status"] in ("draft", "open"):
            unit.change(invoice, {"auto_advance": False, "next_payment_attempt": None})
    if subscription["schedule"]:
        _cancel_schedule(unit, subscription["schedule"])
    subscription = unit.change(subscription, changes)
    unit.emit("customer.subscription.deleted", subscription)
    return subscription


def _cancel_schedule(unit: Unit, schedule_id: str) -> None:
    schedule = unit.get("subscription_schedule", schedule_id)
    if schedule["status"] == "active":
        ended = {"canceled_at": unit.now, "current_phase": None, "status": "canceled"}
        schedule = unit.change(schedule, ended)
        unit.emit("subscription_schedule.canceled", schedule)


def end_later(unit: Unit, subscription: Json, end: int, changes: Json) -> Json:
    """What changes when it is to end at a time; the end comes by itself."""
    unit.schedule("end_subscription", subscription["id"], end)
    return changes | {"cancel_at": end, "canceled_at": unit.now}


def period_end(subscription: Json) -> int:
    return max(int(item["current_period_end"]) for item in subscription["items"]["data"])


def alive(unit: Unit, subscription_id: str) -> Json:
    """A subscription that can still be changed: an ended one is refused as missing."""
    subscription = unit.get("subscription", subscription_id)
    if subscription["status"] in ENDED:
        raise ApiError(
            f"No such subscription: '{subscription_id}'", status=404, code="resource_missing",
            param="id",
        )  # fmt: skip
    return subscription


def planned(unit: Unit, subscription: Json, params: Json) -> Json:
    """The fields that `cancel_at_period_end`, `cancel_at` and their reasons change."""
    flag, at = params.get("cancel_at_period_end"), params.get("cancel_at")
    why = {"cancellation_details": details(subscription, params, "cancellation_requested")}
    if flag:
        changes = why | {"cancel_at_period_end": True}
        return end_later(unit, subscription, period_end(subscription), changes)
    if flag is False or at == "":
        return KEPT | {"cancellation_details": details(subscription, params, None)}
    if isinstance(at, int):
        if at <= unit.now:
            raise invalid("`cancel_at` must be a timestamp in the future.", "cancel_at")
        return end_later(unit, subscription, at, why)
    if at:
        return end_later(unit, subscription, period_end(subscription), why)
    if "cancellation_details" in params:
        reason = subscription["cancellation_details"]["reason"]
        return {"cancellation_details": details(subscription, params, reason)}
    return {}


def details(subscription: Json, params: Json, reason: str | None) -> Json:
    """`cancellation_details` with what this call says."""
    given = params.get("cancellation_details") or {}
    kept: Json = subscription["cancellation_details"]
    answers = {name: given.get(name, kept[name]) or None for name in ("comment", "feedback")}
    return kept | answers | {"reason": reason}


@timer("end_subscription")
def end_if_due(unit: Unit, subscription_id: str) -> None:
    """End it when the time that it was to end has come."""
    subscription = unit.get("subscription", subscription_id)
    due = subscription["cancel_at"]
    if subscription["status"] not in ENDED and due is not None and due <= unit.now:
        end(unit, subscription, subscription["cancellation_details"])
