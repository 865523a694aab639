"""An update of a subscription is made: billed now, with the next invoice, or not at all."""

from billing.sandbox import balances, changing, collecting, invoicing, standing
from billing.sandbox.changing import Change
from billing.sandbox.contract import Json
from billing.sandbox.subscribing import UPDATED, invoice_parent
from billing.sandbox.unit import Unit
from billing.sandbox.watching import watch


def apply(unit: Unit, subscription: Json, change: Change, payment_behavior: str) -> Json:
    """Write the change and collect what it costs, as `payment_behavior` says."""
    if not (change.is_invoiced and change.lines):
        keep_lines(unit, subscription, change.lines)
        return _write(unit, subscription, change.fields)
    _replace_pending(unit, subscription)
    after = subscription | change.fields
    lines = pending_lines(unit, subscription, take=True) + change.lines
    invoice = bill(unit, after, lines, {"billing_reason": "subscription_update"})
    invoice = collecting.finalize(unit, invoice)
    is_paid, error = invoice["status"] == "paid", None
    if not is_paid and payment_behavior != "default_incomplete":
        is_charging_again = payment_behavior == "allow_incomplete"
        attempt = collecting.attempt(unit, invoice, retry=is_charging_again)
        is_paid, error = attempt.is_paid, attempt.error
    if error and payment_behavior == "error_if_incomplete":
        # Nothing of it happened: the subscription stays as it was.
        error.is_kept = False
        raise error
    subscription = unit.get("subscription", subscription["id"])
    if not is_paid and payment_behavior == "pending_if_incomplete":
        return standing.wait_for_payment(unit, subscription, change, invoice)
    fields = change.fields | {"latest_invoice": invoice["id"]}
    if not is_paid:
        fields["status"] = "past_due"
    return _write(unit, subscription, fields)


def bill(unit: Unit, subscription: Json, lines: list[Json], fields: Json) -> Json:
    """A draft for a subscription, announced by `invoice.created`."""
    invoice = draft(unit, subscription, lines, fields)
    unit.emit("invoice.created", invoice)
    return invoice


def draft(unit: Unit, subscription: Json, lines: list[Json], fields: Json) -> Json:
    """A draft for a subscription that is not announced yet."""
    customer = unit.get("customer", subscription["customer"])
    invoice = invoicing.create_draft(unit, customer, lines, draft_fields(subscription) | fields)
    due = balances.due(customer, invoice["total"], invoice["currency"])
    return unit.change(invoice, due)


def draft_fields(subscription: Json) -> Json:
    """What an invoice takes from its subscription."""
    return {"auto_advance": True, "parent": invoice_parent(subscription)}


def keep_lines(unit: Unit, subscription: Json, lines: list[Json]) -> None:
    """Keep lines for the subscription's next invoice."""
    if lines:
        private = unit.objects.private(subscription["id"])
        private["lines"] = private.get("lines", []) + lines
        unit.objects.set_private(subscription["id"], private)


def pending_lines(unit: Unit, subscription: Json, *, take: bool) -> list[Json]:
    """The lines that wait for the next invoice; `take` says that this is it."""
    private = unit.objects.private(subscription["id"])
    lines: list[Json] = private.get("lines", [])
    if take and lines:
        unit.objects.set_private(subscription["id"], private | {"lines": []})
    return lines


def bill_pending(unit: Unit, subscription: Json) -> Json:
    """Charge the lines that wait, now."""
    lines = pending_lines(unit, subscription, take=True)
    if not lines:
        return subscription
    invoice = bill(unit, subscription, lines, {"billing_reason": "manual"})
    invoice = collecting.finalize(unit, invoice)
    if invoice["status"] != "paid":
        collecting.attempt(unit, invoice, retry=False)
    return unit.change(subscription, {"latest_invoice": invoice["id"]})


def _replace_pending(unit: Unit, subscription: Json) -> None:
    """A newer update takes the place of one that waits for its payment."""
    invoice_id = standing.forget_pending(unit, subscription)
    if invoice_id:
        invoicing.close(unit, unit.get("invoice", invoice_id), "void")


def _write(unit: Unit, subscription: Json, fields: Json) -> Json:
    before = changing.ends(subscription)
    if subscription["cancel_at_period_end"] and "items" in fields:
        ends = [item["current_period_end"] for item in fields["items"]["data"]]
        fields = fields | {"cancel_at": max(ends)}
        unit.schedule("end_subscription", subscription["id"], max(ends))
    subscription = unit.change(subscription, fields, UPDATED)
    if changing.ends(subscription) != before:
        watch(unit, subscription)
    return subscription
