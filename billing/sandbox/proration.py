"""Prorations: the unused part of what was paid, and the rest of the period at the new price."""

from datetime import UTC, datetime

from billing.sandbox.contract import Json
from billing.sandbox.discounting import applicable
from billing.sandbox.invoicing import line
from billing.sandbox.pricing import Part, priced
from billing.sandbox.subscribing import TIMES, item_parent
from billing.sandbox.unit import Unit


def share(amount: int, period: tuple[int, int], at: int) -> int:
    """The part of an amount that is for the time from `at` to the period's end.

    To the second, and to the nearest minor unit; a half is rounded up.
    """
    start, end = period
    return (2 * amount * (end - at) + (end - start)) // (2 * (end - start))


def credit(unit: Unit, subscription: Json, item: Json, at: int) -> Json:
    """The line that gives back the unused time of an item, by what was paid for it."""
    paid = _paid_line(unit, subscription, item, at)
    if paid is None:
        amount = share(_full_price(item), _period(item), at)
    else:
        off = sum(taken["amount"] for taken in paid["discount_amounts"])
        period = (paid["period"]["start"], paid["period"]["end"])
        amount = share(paid["amount"] - off, period, at)
    line = _line(unit, subscription, item, ("Unused", -amount, at))
    if paid:
        credited = {"invoice": paid["invoice"], "invoice_line_items": [paid["id"]]}
        details = line["parent"]["subscription_item_details"]
        details["proration_details"] = {"credited_items": credited}
    return line


def debit(unit: Unit, subscription: Json, item: Json, at: int) -> Json:
    """The line for the rest of the period at the item's new price, less its discounts."""
    full = _full_price(item)
    coupons = [coupon for _, coupon in applicable(unit, subscription["discounts"])]
    off = priced([Part(full, item["price"]["product"])], coupons, 0)[0].discount
    amount = share(full - off, _period(item), at)
    return _line(unit, subscription, item, ("Remaining", amount, at))


def _line(unit: Unit, subscription: Json, item: Json, what: tuple[str, int, int]) -> Json:
    word, amount, at = what
    price, quantity = item["price"], item["quantity"]
    name = unit.get("product", price["product"])["name"]
    if quantity > 1:
        name = f"{quantity} {TIMES} {name}"
    fields: Json = {
        "amount": amount,
        "description": f"{word} time on {name} after {_shown_day(at)}",
        "discountable": False,
        "metadata": subscription["metadata"],
        "parent": item_parent(subscription, item, is_proration=True),
        "period": {"start": at, "end": item["current_period_end"]},
        "subscription": subscription["id"],
        "subtotal": amount,
    }
    return line(unit, price, quantity, fields)


def _paid_line(unit: Unit, subscription: Json, item: Json, at: int) -> Json | None:
    """The latest line that charged the item's price for the time after `at`."""
    wanted = (item["id"], item["price"]["id"], item["current_period_end"])
    for invoice in unit.objects.all("invoice", customer=subscription["customer"])[::-1]:
        lines: list[Json] = [] if invoice["status"] == "void" else invoice["lines"]["data"]
        for charged in lines:
            details = (charged["parent"] or {}).get("subscription_item_details") or {}
            price = ((charged["pricing"] or {}).get("price_details") or {}).get("price")
            found = (details.get("subscription_item"), price, charged["period"]["end"])
            is_then = charged["period"]["start"] <= at and charged["quantity"] == item["quantity"]
            if found == wanted and is_then and charged["amount"] > 0:
                return charged
    return None


def _full_price(item: Json) -> int:
    return int(item["price"]["unit_amount"] * item["quantity"])


def _period(item: Json) -> tuple[int, int]:
    return item["current_period_start"], item["current_period_end"]


def _shown_day(at: int) -> str:
    day = datetime.fromtimestamp(at, UTC)
    return f"{day.day} {day:%b %Y}"
