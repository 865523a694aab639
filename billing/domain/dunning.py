"""Dunning: what a failed renewal leaves of a tier, and for how long."""

from datetime import timedelta

from billing.domain.periods import Period

GRACE = timedelta(days=7)
"""How long features stay on after a renewal has failed, once for each failure."""


def prorated_quota(limit: int, period: Period) -> int:
    """Return the share of a month's quota that the grace is of the month, rounded up."""
    length = period.end - period.start
    return -((-limit * GRACE) // length)
