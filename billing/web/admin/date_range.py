"""The days that the overview looks at, as its URL says them."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from flask import request
from flask_babel import get_timezone

from billing import clock

PRESETS = (7, 30, 90, 365)
DEFAULT_DAYS = 30
FIRST, LAST, DAYS = "from", "to", "days"


@dataclass(frozen=True, slots=True)
class DateRange:
    """Whole days of the reader's zone, both ends included; `preset` if they end today."""

    first: date
    last: date
    preset: int | None = None

    def bounds(self, zone: tzinfo) -> tuple[datetime, datetime]:
        """Return the first moment of it, and the first after it."""
        after = self.last + timedelta(days=1)
        return (
            datetime.combine(self.first, time.min, tzinfo=zone),
            datetime.combine(after, time.min, tzinfo=zone),
        )

    @property
    def arguments(self) -> dict[str, str]:
        """Return it as the URL says it."""
        if self.preset is not None:
            return {DAYS: str(self.preset)}
        return {FIRST: self.first.isoformat(), LAST: self.last.isoformat()}


def read() -> DateRange:
    """Return the days that the URL asks for; the last 30 where it asks for none that there are."""
    today = clock.now().astimezone(get_timezone()).date()
    first, last = _date(FIRST), _date(LAST)
    if first is not None and last is not None and first <= last:
        return DateRange(first, last)
    days = request.args.get(DAYS, "")
    preset = int(days) if days in map(str, PRESETS) else DEFAULT_DAYS
    return DateRange(today - timedelta(days=preset - 1), today, preset)


def _date(name: str) -> date | None:
    try:
        found = date.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return None
    # The first and the last years have no day before them or after.
    return found if date.min.year < found.year < date.max.year else None
