"""Subscriptions and their items, as Checkout makes them."""

from billing.sandbox import periods
from billing.sandbox.amounts import money
from billing.sandbox.contract import Json
from billing.sandbox.ids import new_id
from billing.sandbox.invoicing import line
from billing.sandbox.lists import listed
from billing.sandbox.unit import Unit

DAY_SECONDS = 24 * 3600
TIMES = "\N{MULTIPLICATION SIGN}"
UPDATED = "customer.subscription.updated"
_INVOICE_SETTINGS: Json = {
    "account_tax_ids": None,
    "custom_fields": None,
    "description": None,
    "footer": None,
    "issuer": {"type": "self"},
}
PAYMENT_SETTINGS: Json = {
    "payment_method_options": None,
    "payment_method_types": None,
    "save_default_payment_method": "off",
}


def create(unit: Unit, customer_id: str, purchased: list[Json], data: Json) -> Json:
    """Store a subscription for the recurring items of a session; nothing is emitted yet.

    `data` is the session's `subscription_data`.
    """
    subscription_id = new_id("subscription")
    trial_end = trial_end_of(unit.now, data)
    anchor = trial_end or data.get("billing_cycle_anchor") or unit.now
    items = [
        new_item(unit, subscription_id, item, _period(unit.now, anchor, trial_end, item["price"]))
        for item in purchased
        if item["price"]["recurring"]
    ]
    fields: Json = {
        "id": subscription_id,
        "billing_cycle_anchor": anchor,
        "billing_mode": {
            "flexible": {"proration_discounts": "included"},
            "type": "flexible",
        },
        "cancellation_details": {"comment": None, "feedback": None, "reason": None},
        "currency": items[0]["price"]["currency"],
        "customer": customer_id,
        "default_tax_rates": [],
        "description": data.get("description"),
        "invoice_settings": _INVOICE_SETTINGS,
        "items": listed(items, f"/v1/subscription_items?subscription={subscription_id}"),
        "metadata": data.get("metadata", {}),
        "payment_settings": PAYMENT_SETTINGS,
        "start_date": unit.now,
        "test_clock": unit.clock,
        "status": "trialing" if trial_end else "active",
        "trial_end": trial_end,
        "trial_settings": _trial_settings(data),
        "trial_start": unit.now if trial_end else None,
    }
    return unit.create("subscription", fields)


def trial_end_of(now: int, data: Json) -> int | None:
    """When the trial of a session's `subscription_data` ends; None without one."""
    if data.get("trial_end"):
        return int(data["trial_end"])
    days = data.get("trial_period_days")
    return now + days * DAY_SECONDS if days else None


def invoice_lines(unit: Unit, subscription: Json, purchased: list[Json]) -> list[Json]:
    """The lines of the first invoice: each item's first period, and what is bought once."""
    items = {item["price"]["id"]: item for item in subscription["items"]["data"]}
    return [
        period_line(unit, subscription, items[item["price"]["id"]])
        if item["price"]["recurring"]
        else once_line(unit, item)
        for item in purchased
    ]


def invoice_parent(subscription: Json) -> Json:
    """An invoice's `parent`: the subscription, with its metadata as it is now."""
    details = {"metadata": subscription["metadata"], "subscription": subscription["id"]}
    return {
        "quote_details": None,
        "subscription_details": details,
        "type": "subscription_details",
    }


def once_line(unit: Unit, item: Json) -> Json:
    """An invoice line for something that is bought once."""
    details = {
        "invoice_item": f"ii_1{new_id('subscription_item')[3:]}",
        "proration": False,
        "proration_details": {"credited_items": None},
        "subscription": None,
    }
    fields = {
        "description": item["description"],
        "parent": {
            "invoice_item_details": details,
            "subscription_item_details": None,
            "type": "invoice_item_details",
        },
        "period": {"start": unit.now, "end": unit.now},
    }
    return line(unit, item["price"], item["quantity"], fields)


def period_line(unit: Unit, subscription: Json, item: Json) -> Json:
    """The invoice line of an item's period; a trial costs nothing."""
    price, is_trial = item["price"], subscription["status"] == "trialing"
    product = unit.get("product", price["product"])
    name, every = product["name"], price["recurring"]["interval"]
    cost = money(price["unit_amount"], price["currency"])
    fields: Json = {
        "description": f"Trial period for {name}" if is_trial
        else f"{item['quantity']} {TIMES} {name} (at {cost} / {every})",
        "metadata": subscription["metadata"],
        "parent": item_parent(subscription, item, is_proration=False),
        "period": {"start": item["current_period_start"], "end": item["current_period_end"]},
        "subscription": subscription["id"],
    }  # fmt: skip
    if is_trial:
        fields |= {"amount": 0, "subtotal": 0}
    return line(unit, price, item["quantity"], fields)


def item_parent(subscription: Json, item: Json, *, is_proration: bool) -> Json:
    """A line's `parent`: the subscription item that it is for."""
    details = {
        "invoice_item": None,
        "proration": is_proration,
        "proration_details": {"credited_items": None},
        "subscription": subscription["id"],
        "subscription_item": item["id"],
    }
    return {
        "invoice_item_details": None,
        "subscription_item_details": details,
        "type": "subscription_item_details",
    }


def new_item(unit: Unit, subscription_id: str, purchased: Json, period: tuple[int, int]) -> Json:
    """A subscription item for this `price` and `quantity`; it lives inside its subscription."""
    price = purchased["price"]
    fields: Json = {
        "current_period_end": period[1],
        "current_period_start": period[0],
        "plan": plan_of(unit, price),
        "price": price,
        "quantity": purchased["quantity"],
        "subscription": subscription_id,
        "tax_rates": [],
    }
    return unit.blank("subscription_item", fields)


def plan_of(unit: Unit, price: Json) -> Json:
    """The old `plan` shape that subscription items still carry."""
    recurring = price["recurring"]
    fields: Json = {
        "id": price["id"],
        "active": price["active"],
        "amount": price["unit_amount"],
        "amount_decimal": price["unit_amount_decimal"],
        "billing_scheme": price["billing_scheme"],
        "created": price["created"],
        "currency": price["currency"],
        "interval": recurring["interval"],
        "interval_count": recurring["interval_count"],
        "metadata": price["metadata"],
        "nickname": price["nickname"],
        "product": price["product"],
        "usage_type": recurring["usage_type"],
    }
    return unit.contract.blank("plan") | {"object": "plan"} | fields


def _period(now: int, anchor: int, trial_end: int | None, price: Json) -> tuple[int, int]:
    """The first period: the trial, or up to the first renewal."""
    if trial_end:
        return now, trial_end
    if anchor > now:
        return now, anchor
    recurring = price["recurring"]
    return now, periods.after(anchor, recurring["interval"], recurring["interval_count"])


def _trial_settings(data: Json) -> Json:
    given = data.get("trial_settings", {}).get("end_behavior", {})
    behavior = {"missing_payment_method": given.get("missing_payment_method", "create_invoice")}
    return {"end_behavior": behavior}
