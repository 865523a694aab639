"""Forecast: when the quota runs out if the last week goes on."""

from collections.abc import Sequence
from dataclasses import dataclass

DAYS_OF_PACE = 7
DAYS_NEEDED = 3


@dataclass(frozen=True, slots=True)
class Forecast:
    """Either the quota runs out in so many days, or so many requests are left at the reset."""

    runs_out_in_days: int | None
    spare: int


def forecast(daily: Sequence[int], *, remaining: int, days_left: int) -> Forecast | None:
    """Return what the last days' pace leads to; None when there are too few days to say.

    Args:
        daily: requests on each day of the period so far, zeros included, oldest first.
        remaining: what is left of the quota.
        days_left: days until the reset.
    """
    if len(daily) < DAYS_NEEDED:
        return None
    recent = daily[-DAYS_OF_PACE:]
    used = sum(recent)
    needed = used * days_left // len(recent)
    if needed <= remaining:
        return Forecast(runs_out_in_days=None, spare=remaining - needed)
    return Forecast(runs_out_in_days=remaining * len(recent) // used, spare=0)
