"""Cards: until when one can be charged."""

from datetime import UTC, datetime, timedelta

from billing.domain.periods import add_months

WARNED_BEFORE = timedelta(days=30)
"""How long before its end a person is told that a card expires."""


def end_of_card(year: int, month: int) -> datetime:
    """Return the moment from which the card cannot be charged: it works to the end of its month."""
    return add_months(datetime(year, month, 1, tzinfo=UTC), 1)
