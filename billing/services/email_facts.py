"""Facts of an e-mail as the outbox keeps them: plain JSON, written out at sending."""

from datetime import datetime

from billing.domain.money import Money
from billing.errors import Member


def money_fact(amount: Money) -> Member:
    """Return an amount as `{"minor": 4900, "currency": "USD"}`."""
    return {"minor": amount.amount_minor, "currency": amount.currency}


def moment_fact(moment: datetime | None) -> str | None:
    """Return a moment as ISO 8601, None where there is none."""
    return None if moment is None else moment.isoformat()


def line_fact(label: str, amount: Money) -> Member:
    """Return one line of a receipt."""
    return {"label": label, "amount": money_fact(amount)}


def package_fact(tokens: int, amount: Money) -> Member:
    """Return the line of a receipt that is about a token package."""
    return {"label": None, "tokens": tokens, "amount": money_fact(amount)}
