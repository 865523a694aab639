"""Subscriptions that rest: paused by a call, and resumed when their payment comes."""

from billing.sandbox import changing, collecting, ending, proration, standing, updating
from billing.sandbox.changing import Change
from billing.sandbox.contract import Json
from billing.sandbox.errors import ApiError
from billing.sandbox.unit import Unit

_PAUSABLE = ("active", "trialing", "past_due", "unpaid")


def pause(unit: Unit, subscription: Json, params: Json) -> Json:
    """Stop billing; time that was paid is given back, unless `bill_for` says otherwise."""
    if subscription["status"] not in _PAUSABLE:
        raise ApiError(f"A subscription that is {subscription['status']} cannot be paused.")
    if subscription["schedule"]:
        raise ApiError("A subscription that is attached to a schedule cannot be paused.")
    unused = params.get("bill_for", {}).get("unused_time_from", {}).get("type", "now")
    if unused != "none":
        start = subscription["items"]["data"][0]["current_period_start"]
        at = unit.now if unused == "now" else start
        updating.keep_lines(unit, subscription, changing.unused_time(unit, subscription, at))
    if params.get("invoicing_behavior") == "invoice":
        subscription = updating.bill_pending(unit, subscription)
    return standing.pause(unit, subscription, "pause_requested")


def resume(unit: Unit, subscription: Json, params: Json) -> Json:
    """Bill again; with `resume_on_payment_success` only once the money has come."""
    if subscription["status"] != "paused":
        raise ApiError("The subscription is not paused: only a paused one can be resumed.")
    change = _plan(unit, subscription, params)
    if not change.lines:
        return standing.resume(unit, subscription, change.fields)
    after = subscription | change.fields
    lines = updating.pending_lines(unit, subscription, take=True) + change.lines
    invoice = updating.bill(unit, after, lines, {"billing_reason": "subscription_update"})
    invoice = collecting.finalize(unit, invoice)
    is_paid = invoice["status"] == "paid" or collecting.attempt(unit, invoice, retry=False).is_paid
    subscription = unit.get("subscription", subscription["id"])
    fields = change.fields | {"latest_invoice": invoice["id"]}
    if is_paid:
        return standing.resume(unit, subscription, fields)
    if params.get("payment_behavior") == "resume_on_payment_attempt":
        return standing.resume(unit, subscription, fields | {"status": "past_due"})
    return standing.wait_to_resume(unit, subscription, fields)


def _plan(unit: Unit, subscription: Json, params: Json) -> Change:
    """A new period from now, or what is left of the one that the anchor gives."""
    if params.get("billing_cycle_anchor", {}).get("type", "now") == "now":
        return changing.plan(unit, subscription, {"billing_cycle_anchor": {"type": "now"}})
    fields: Json = {"status": "active", "status_details": None}
    if ending.period_end(subscription) > unit.now:
        return Change(fields=fields, lines=[], is_invoiced=False)
    items = [_present(subscription, item, unit.now) for item in subscription["items"]["data"]]
    fields["items"] = subscription["items"] | {"data": items}
    is_free = params.get("proration_behavior") == "none"
    lines = [] if is_free else [proration.debit(unit, subscription, i, unit.now) for i in items]
    return Change(fields=fields, lines=lines, is_invoiced=True)


def _present(subscription: Json, item: Json, now: int) -> Json:
    while item["current_period_end"] <= now:
        period = changing.next_period(subscription, item, item["current_period_end"])
        item = changing.with_period(item, period)
    return item
