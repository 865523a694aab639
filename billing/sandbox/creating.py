"""Subscriptions made by the API: the first invoice is due at once."""

from billing.sandbox import collecting, discounting, renewing, subscribing, updating
from billing.sandbox.contract import Json
from billing.sandbox.errors import ApiError, invalid
from billing.sandbox.line_items import price_of
from billing.sandbox.subscribing import UPDATED
from billing.sandbox.unit import Unit


def create(unit: Unit, customer: Json, params: Json, fields: Json) -> Json:
    """Make it, with the events of its first invoice; `fields` are written as they are."""
    purchased = [_purchased(unit, entry, i) for i, entry in enumerate(params["items"])]
    data = {name: params[name] for name in _DATA if params.get(name)}
    if data.get("trial_end") == "now":
        del data["trial_end"]
    subscription = subscribing.create(unit, customer["id"], purchased, data)
    subscription = unit.change(subscription, fields)
    if params.get("discounts"):
        discounts = discounting.replaced(unit, subscription, params["discounts"])
        subscription = unit.change(subscription, {"discounts": discounts})
    lines = subscribing.invoice_lines(unit, subscription, purchased)
    reason = {"billing_reason": "subscription_create"}
    invoice = updating.draft(unit, subscription, lines, reason)
    behavior = params.get("payment_behavior", "allow_incomplete")
    is_waiting = invoice["amount_due"] > 0
    if is_waiting and behavior != "default_incomplete":
        _refuse_without_method(unit, subscription)
    first = {"latest_invoice": invoice["id"]} | ({"status": "incomplete"} if is_waiting else {})
    subscription = unit.change(subscription, first)
    unit.emit("customer.subscription.created", subscription)
    unit.emit("invoice.created", invoice)
    _collect(unit, collecting.finalize(unit, invoice), behavior)
    subscription = unit.get("subscription", subscription["id"])
    renewing.begin(unit, subscription)
    return subscription


_DATA = ("trial_end", "trial_period_days", "trial_settings", "metadata", "description",
         "billing_cycle_anchor")  # fmt: skip


def _collect(unit: Unit, invoice: Json, behavior: str) -> None:
    if invoice["status"] == "paid" or behavior == "default_incomplete":
        return
    attempt = collecting.attempt(unit, invoice, retry=False)
    if attempt.error and behavior == "error_if_incomplete":
        attempt.error.is_kept = False
        raise attempt.error
    if attempt.is_paid:
        subscription = collecting.subscription_of(unit, invoice)
        assert subscription is not None
        unit.change(subscription, {"status": "active"}, UPDATED)


def _refuse_without_method(unit: Unit, subscription: Json) -> None:
    if collecting.method_of(unit, subscription) is None:
        raise ApiError(
            "This customer has no attached payment source or default payment method. Please "
            "consider adding a default payment method.",
            code="resource_missing",
        )


def _purchased(unit: Unit, entry: Json, i: int) -> Json:
    price = price_of(unit, entry, f"items[{i}]")
    if price["recurring"] is None:
        raise invalid(
            "The price specified is set to `type=one_time` but this field only accepts prices "
            "with `type=recurring`.",
            f"items[{i}][price]",
        )
    return {"price": price, "quantity": entry.get("quantity", 1)}
