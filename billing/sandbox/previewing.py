"""The invoice that a change, or the next renewal, would make; nothing is stored."""

from billing.sandbox import balances, changing, invoicing, phases, updating
from billing.sandbox.contract import Json
from billing.sandbox.ending import ENDED
from billing.sandbox.errors import ApiError, not_served
from billing.sandbox.ids import token
from billing.sandbox.unit import Unit

HOUR_SECONDS = 3600
_DETAILS = changing.PARAMS | {"cancel_at_period_end", "cancel_at", "metadata"}


def preview(unit: Unit, subscription: Json, params: Json) -> Json:
    """What `create_preview` answers for a subscription."""
    details = params.get("subscription_details", {})
    for name in details:
        if name not in _DETAILS:
            raise not_served(name, f"subscription_details[{name}]")
    if subscription["status"] in ENDED:
        raise _no_upcoming(subscription)
    change = changing.plan(unit, subscription, details)
    is_recurring_only = params.get("preview_mode") == "recurring"
    if change.is_invoiced and change.lines and not is_recurring_only:
        lines = updating.pending_lines(unit, subscription, take=False) + change.lines
        return _body(unit, subscription | change.fields, lines, unit.now)
    extra = [] if is_recurring_only else change.lines
    is_ending = details.get("cancel_at_period_end", subscription["cancel_at"] is not None)
    return upcoming(unit, subscription | change.fields, extra, is_ending=is_ending)


def upcoming(unit: Unit, subscription: Json, extra: list[Json], *, is_ending: bool) -> Json:
    """The invoice of the next renewal, with `extra` lines before those of the period."""
    lines = updating.pending_lines(unit, subscription, take=False) + extra
    if not is_ending:
        after = phases.at_renewal(unit, subscription)
        lines = lines + phases.lines_of(unit, after)
    if not lines:
        raise _no_upcoming(subscription)
    return _body(unit, subscription, lines, min(changing.ends(subscription)))


def _body(unit: Unit, subscription: Json, lines: list[Json], at: int) -> Json:
    customer = unit.get("customer", subscription["customer"])
    invoice_id = f"upcoming_in_1{token(23)}"
    fields: Json = updating.draft_fields(subscription) | {
        "id": invoice_id,
        "billing_reason": "upcoming",
        "created": at,
        "next_payment_attempt": at + HOUR_SECONDS,
        "period_end": at,
        "period_start": subscription["items"]["data"][0]["current_period_start"],
    }
    invoice = invoicing.draft_body(unit, customer, lines, fields)
    invoice["lines"]["url"] = f"/v1/invoices/{invoice_id}/lines"
    for line in lines:
        line["invoice"] = invoice_id
    return invoice | balances.due(customer, invoice["total"], invoice["currency"])


def _no_upcoming(subscription: Json) -> ApiError:
    return ApiError(
        f"No upcoming invoices for customer: {subscription['customer']}",
        status=404,
        code="invoice_upcoming_none",
    )
