"""Quota periods: period n is the anchor plus n months, clamped to the end of the month."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of time [start, end); both are aware UTC."""

    start: datetime
    end: datetime


def add_months(moment: datetime, months: int) -> datetime:
    """Return the same day and time `months` later, or the month's last day where it is shorter."""
    month_index = moment.year * 12 + moment.month - 1 + months
    year, month = divmod(month_index, 12)
    day = min(moment.day, monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day)


def period_at(anchor: datetime, moment: datetime) -> Period:
    """Return the monthly period of `anchor` that contains `moment`; the anchor may lie ahead.

    Both ends are counted from the anchor itself, so that 31 January leads to 28 February and from
    there to 31 March.
    """
    months = (moment.year - anchor.year) * 12 + moment.month - anchor.month
    if add_months(anchor, months) > moment:
        months -= 1
    return Period(add_months(anchor, months), add_months(anchor, months + 1))


def period_after_change(current: Period, *, anchor: datetime, now: datetime) -> Period:
    """Return the period that follows `current` when it is cut short by a new anchor.

    It begins where the anchor's own period begins; where that lies before the current period, it
    begins now, so that periods never overlap.
    """
    natural = period_at(anchor, now)
    return Period(natural.start if natural.start > current.start else now, natural.end)
