"""Why tokens moved by themselves: said in English in the ledger, and read back from it."""

import re
from re import Pattern

from billing.domain.money import Money
from billing.messages import Message

PLACEHOLDER = re.compile(r"%\\\((\w+)\\\)s")


def expired(lot_id: int) -> Message:
    return Message("Lot %(lot)s has expired", lot=lot_id)


def clawed_back_late(lot_id: int) -> Message:
    return Message("Lot %(lot)s was clawed back while a hold had it", lot=lot_id)


def payment_went_back(order_id: int, returned: Money) -> Message:
    return Message(
        "Order %(order)s: %(amount)s %(currency)s of the payment went back",
        order=order_id,
        amount=returned.amount,
        currency=returned.currency,
    )


def payment_is_disputed(order_id: int) -> Message:
    return Message("Order %(order)s: the payment is disputed", order=order_id)


def no_longer_disputed(order_id: int) -> Message:
    return Message("Order %(order)s: no longer disputed", order=order_id)


def with_number(about: str, tokens: int) -> Message:
    """Return the reason of a line that moves nothing, with how many tokens it is about."""
    return Message("%(about)s (%(tokens)s tokens)", about=about, tokens=tokens)


def read(reason: str) -> str:
    """Return the reason of a stored line; a page can translate what one of these functions made.

    Args:
        reason: of a line; what a person wrote stays as it is.
    """
    for template, pattern in PATTERNS.items():
        found = pattern.fullmatch(reason)
        if found:
            return Message(
                template, **{name: read(text) for name, text in found.groupdict().items()}
            )
    return reason


def _pattern(template: str) -> Pattern[str]:
    return re.compile(PLACEHOLDER.sub(r"(?P<\1>.+)", re.escape(template)))


MADE_HERE = (
    with_number("", 0),
    expired(0),
    clawed_back_late(0),
    payment_went_back(0, Money(0, "USD")),
    payment_is_disputed(0),
    no_longer_disputed(0),
)
PATTERNS = {message.template: _pattern(message.template) for message in MADE_HERE}
