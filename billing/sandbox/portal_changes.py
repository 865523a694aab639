"""What customers change by themselves in the hosted portal, within its configuration."""

from billing.sandbox import ending
from billing.sandbox.contract import Json
from billing.sandbox.errors import ApiError
from billing.sandbox.resources import invoices, subscription_schedules, subscriptions
from billing.sandbox.subscribing import UPDATED
from billing.sandbox.unit import Unit

_DAYS = {"day": 1, "week": 7, "month": 30, "year": 365}


def offered(unit: Unit, features: Json, subscription: Json) -> list[Json]:
    """The prices that the customer may switch to."""
    change = features["subscription_update"]
    if not change["enabled"] or "price" not in change["default_allowed_updates"]:
        return []
    own = subscription["items"]["data"][0]["price"]
    ids = [price_id for product in change["products"] for price_id in product["prices"]]
    prices = [unit.get("price", price_id) for price_id in ids if price_id != own["id"]]
    return [each for each in prices if each["active"] and each["currency"] == own["currency"]]


def is_later(features: Json, subscription: Json, price: Json) -> bool:
    """Whether the configuration puts this switch off to the end of the period."""
    own = subscription["items"]["data"][0]["price"]
    conditions = features["subscription_update"]["schedule_at_period_end"]["conditions"]
    kinds = {condition["type"] for condition in conditions}
    is_shorter = _days(price) < _days(own)
    is_less = _days(price) == _days(own) and price["unit_amount"] < own["unit_amount"]
    return ("shortening_interval" in kinds and is_shorter) or (
        "decreasing_item_amount" in kinds and is_less
    )


def due_now(unit: Unit, features: Json, subscription: Json, price: Json) -> int:
    """What a switch costs at once, less than nothing being credit."""
    change = features["subscription_update"]
    if is_later(features, subscription, price) or change["proration_behavior"] == "none":
        return 0
    details = {name: value for name, value in _params(features, subscription, price).items()
               if name != "payment_behavior"}  # fmt: skip
    preview = invoices.create_preview(
        unit, {"subscription": subscription["id"], "subscription_details": details}
    )
    is_now = change["proration_behavior"] == "always_invoice"
    return int(preview["amount_due"]) if is_now else 0


def switch(unit: Unit, features: Json, subscription: Json, price: Json) -> None:
    """Change the price now, or by a schedule at the end of the period."""
    if price["id"] not in [each["id"] for each in offered(unit, features, subscription)]:
        raise ApiError("This plan cannot be chosen here.")
    if not is_later(features, subscription, price):
        subscriptions.update(unit, _params(features, subscription, price), subscription["id"])
        return
    source = {"from_subscription": subscription["id"]}
    schedule = subscription_schedules.create(unit, source)
    phase = schedule["phases"][0]
    item = subscription["items"]["data"][0]
    bounds = {"end_date": phase["end_date"], "start_date": phase["start_date"]}
    quantity = item["quantity"]
    now = {"items": [{"price": item["price"]["id"], "quantity": quantity}]} | bounds
    recurring = price["recurring"]
    duration = {name: recurring[name] for name in ("interval", "interval_count")}
    then = {"items": [{"price": price["id"], "quantity": quantity}], "duration": duration,
            "proration_behavior": "none"}  # fmt: skip
    params = {"end_behavior": "release", "phases": [now, then]}
    subscription_schedules.update(unit, params, schedule["id"])


def cancel(unit: Unit, features: Json, subscription: Json, feedback: str | None) -> None:
    """End it as configured; at the period's end the portal sets `cancel_at`, not the flag."""
    rules = features["subscription_cancel"]
    given = {"cancellation_details": {"feedback": feedback}} if feedback else {}
    details = ending.details(subscription, given, "cancellation_requested")
    if rules["mode"] == "immediately":
        is_prorated = rules["proration_behavior"] != "none"
        is_billed = rules["proration_behavior"] == "always_invoice"
        params = given | {"prorate": is_prorated, "invoice_now": is_billed}
        subscriptions.cancel(unit, params, subscription["id"])
        return
    end = ending.period_end(subscription)
    changes = ending.end_later(unit, subscription, end, {"cancellation_details": details})
    unit.change(subscription, changes, UPDATED)


def keep(unit: Unit, subscription: Json) -> None:
    """Take a cancellation back."""
    details = subscription["cancellation_details"] | {"feedback": None, "reason": None}
    unit.change(subscription, ending.KEPT | {"cancellation_details": details}, UPDATED)


def _params(features: Json, subscription: Json, price: Json) -> Json:
    change = features["subscription_update"]
    item = subscription["items"]["data"][0]
    params: Json = {
        "items": [{"id": item["id"], "price": price["id"]}],
        "payment_behavior": "error_if_incomplete",
        "proration_behavior": change["proration_behavior"],
    }
    if change["billing_cycle_anchor"] == "now":
        params["billing_cycle_anchor"] = {"type": "now"}
    if subscription["status"] == "trialing" and change["trial_update_behavior"] == "end_trial":
        params["trial_end"] = "now"
    return params


def _days(price: Json) -> int:
    recurring = price["recurring"]
    return int(_DAYS[recurring["interval"]] * recurring["interval_count"])
