"""Billing periods: n intervals after the anchor, clamped to the month's end."""

import calendar
from datetime import UTC, datetime, timedelta

_DAYS = {"day": 1, "week": 7}
_MONTHS = {"month": 1, "year": 12}


def after(anchor: int, interval: str, count: int) -> int:
    """The moment `count` intervals after `anchor`: 31 January + 1 month is 28 February."""
    start = datetime.fromtimestamp(anchor, UTC)
    if interval in _DAYS:
        return int((start + timedelta(days=_DAYS[interval] * count)).timestamp())
    months = start.year * 12 + start.month - 1 + _MONTHS[interval] * count
    year, month = divmod(months, 12)
    day = min(start.day, calendar.monthrange(year, month + 1)[1])
    return int(start.replace(year=year, month=month + 1, day=day).timestamp())


def next_end(anchor: int, interval: str, count: int, start: int) -> int:
    """The end of the period that begins at `start`, counted from the anchor."""
    steps = _whole_intervals(anchor, interval, start) // count
    end = after(anchor, interval, steps * count)
    while end <= start:
        steps += 1
        end = after(anchor, interval, steps * count)
    return end


def _whole_intervals(anchor: int, interval: str, start: int) -> int:
    """How many intervals lie between the two, or one too few; never less than none."""
    if interval in _DAYS:
        return max(0, (start - anchor) // (_DAYS[interval] * 86400))
    first, last = (datetime.fromtimestamp(moment, UTC) for moment in (anchor, start))
    months = (last.year - first.year) * 12 + last.month - first.month - 1
    return max(0, months // _MONTHS[interval])
