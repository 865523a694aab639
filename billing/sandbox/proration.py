"""Prorations: the unused part of what was paid, and the rest of the period at the new price."""

from datetime import UTC, datetime

from billing.sandbox.contract import Json
from billing.sandbox.invoicing import line
from billing.sandbox.subscribing import item_parent
from billing.sandbox.unit import Unit


def share(amount: int, period: tuple[int, int], at: int) -> int:
    """The part of an amount that is for the time from `at` to the period's end.

    To the second, and to the nearest minor unit; a half is rounded up.
    """
    start, end = period
    return (2 * amount * (end - at) + (end - start)) // (2 * (end - start))


def credit(unit: Unit, subscription: Json, item: Json, at: int) -> Json:
    """The line that gives back the unused time of an item."""
    return _line(unit, subscription, item, at, word="Unused", sign=-1)


def debit(unit: Unit, subscription: Json, item: Json, at: int) -> Json:
    """The line for the rest of the period at the item's new price."""
    return _line(unit, subscription, item, at, word="Remaining", sign=1)


def _line(unit: Unit, subscription: Json, item: Json, at: int, *, word: str, sign: int) -> Json:
    price, quantity = item["price"], item["quantity"]
    period = (item["current_period_start"], item["current_period_end"])
    amount = sign * share(price["unit_amount"] * quantity, period, at)
    name = unit.get("product", price["product"])["name"]
    if quantity > 1:
        name = f"{quantity} x {name}"
    fields: Json = {
        "amount": amount,
        "description": f"{word} time on {name} after {_shown_day(at)}",
        "discountable": False,
        "metadata": subscription["metadata"],
        "parent": item_parent(subscription, item, is_proration=True),
        "period": {"start": at, "end": period[1]},
        "subscription": subscription["id"],
        "subtotal": amount,
    }
    return line(unit, price, quantity, fields)


def _shown_day(at: int) -> str:
    day = datetime.fromtimestamp(at, UTC)
    return f"{day.day} {day:%b %Y}"
