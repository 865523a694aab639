"""What a subscription becomes when its invoice is paid, fails, or is given up."""

from billing.sandbox import changing, collecting
from billing.sandbox.contract import Json
from billing.sandbox.ending import ENDED
from billing.sandbox.subscribing import UPDATED
from billing.sandbox.unit import Unit, differences
from billing.sandbox.watching import watch

_UNPAID = ("incomplete", "past_due", "unpaid")
PENDING_SECONDS = 23 * 3600


def after_payment(unit: Unit, invoice: Json) -> None:
    """An update that waited is made; what was past due is active again."""
    subscription = collecting.subscription_of(unit, invoice)
    if subscription is None or subscription["status"] in ENDED:
        return
    if _pending(unit, subscription).get("invoice") == invoice["id"]:
        _apply_pending(unit, subscription, invoice)
    elif subscription["status"] in _UNPAID and subscription["latest_invoice"] == invoice["id"]:
        unit.change(subscription, {"status": "active"}, UPDATED)


def after_failure(unit: Unit, invoice: Json) -> None:
    """An active subscription is past due; one that waits for its first payment goes on waiting."""
    subscription = collecting.subscription_of(unit, invoice)
    if subscription is None or subscription["status"] not in ("active", "trialing"):
        return
    if _pending(unit, subscription).get("invoice") != invoice["id"]:
        unit.change(subscription, {"status": "past_due"}, UPDATED)


def after_giving_up(unit: Unit, invoice: Json) -> None:
    """An invoice was voided or written off: it is no longer what the subscription owes."""
    subscription = collecting.subscription_of(unit, invoice)
    if subscription is None or subscription["latest_invoice"] != invoice["id"]:
        return
    if subscription["status"] == "incomplete" and invoice["status"] == "void":
        expire_incomplete(unit, subscription)
    elif subscription["status"] in ("past_due", "unpaid"):
        unit.change(subscription, {"status": "active"}, UPDATED)


def expire_incomplete(unit: Unit, subscription: Json) -> None:
    """The first payment was not made in time."""
    ended = {"ended_at": unit.now, "status": "incomplete_expired"}
    unit.change(subscription, ended, UPDATED)


def pause(unit: Unit, subscription: Json, reason: str) -> Json:
    """Nothing is billed until it is resumed."""
    why = {"subscription": {"type": reason}, "transitioned_at": unit.now, "type": "subscription"}
    changes = {"status": "paused", "status_details": {"paused": why}}
    previous = differences(subscription, subscription | changes)
    subscription = unit.change(subscription, changes)
    unit.emit("customer.subscription.paused", subscription)
    unit.emit(UPDATED, subscription, previous)
    return subscription


def resume(unit: Unit, subscription: Json, fields: Json) -> Json:
    """It is billed again, by `fields`."""
    previous = differences(subscription, subscription | fields)
    subscription = unit.change(subscription, fields)
    unit.emit("customer.subscription.resumed", subscription)
    unit.emit(UPDATED, subscription, previous)
    watch(unit, subscription)
    return subscription


def wait_to_resume(unit: Unit, subscription: Json, fields: Json) -> Json:
    """Stay paused until the invoice is paid; one that is not is voided."""
    _keep_pending(unit, subscription, {"fields": fields, "invoice": fields["latest_invoice"]})
    unit.schedule("expire_resumption", subscription["id"], unit.now + PENDING_SECONDS)
    return unit.change(subscription, {"latest_invoice": fields["latest_invoice"]}, UPDATED)


def wait_for_payment(
    unit: Unit, subscription: Json, change: changing.Change, invoice: Json
) -> Json:
    """Keep an update until its invoice is paid."""
    expires_at = unit.now + PENDING_SECONDS
    _keep_pending(unit, subscription, {"fields": change.fields, "invoice": invoice["id"]})
    unit.schedule("expire_pending_update", subscription["id"], expires_at)
    pending = {
        "billing_cycle_anchor": change.fields.get("billing_cycle_anchor"),
        "expires_at": expires_at,
        "subscription_items": change.fields["items"]["data"],
        "trial_end": change.fields.get("trial_end"),
        "trial_from_plan": None,
    }
    changes = {"latest_invoice": invoice["id"], "pending_update": pending}
    return unit.change(subscription, changes, UPDATED)


def forget_pending(unit: Unit, subscription: Json) -> str | None:
    """Drop an update that waits; returns the id of its invoice."""
    invoice_id = _pending(unit, subscription).get("invoice")
    _keep_pending(unit, subscription, None)
    return invoice_id


def _keep_pending(unit: Unit, subscription: Json, pending: Json | None) -> None:
    private = unit.objects.private(subscription["id"]) | {"pending": pending}
    unit.objects.set_private(subscription["id"], private)


def _apply_pending(unit: Unit, subscription: Json, invoice: Json) -> None:
    fields: Json = _pending(unit, subscription)["fields"]
    forget_pending(unit, subscription)
    if subscription["status"] == "paused":
        resume(unit, subscription, fields)
        return
    paid = {"latest_invoice": invoice["id"], "pending_update": None}
    subscription = unit.change(subscription, fields | paid, UPDATED)
    watch(unit, subscription)
    unit.emit("customer.subscription.pending_update_applied", subscription)


def _pending(unit: Unit, subscription: Json) -> Json:
    found: Json = unit.objects.private(subscription["id"]).get("pending") or {}
    return found
