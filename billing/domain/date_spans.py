"""Date spans: a year, a month of one or a day of one, as a list is drilled down by date."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Self

WRITTEN = re.compile(r"(?P<year>[0-9]{4})(?:-(?P<month>[0-9]{2})(?:-(?P<day>[0-9]{2}))?)?")
MONTHS = range(1, 13)


@dataclass(frozen=True, slots=True)
class DateSpan:
    """`2026`, `2026-11` or `2026-11-14`."""

    year: int
    month: int | None = None
    day: int | None = None

    @classmethod
    def find(cls, written: str) -> Self | None:
        """Return the span that is written so, None when it is none of the calendar."""
        parts = WRITTEN.fullmatch(written)
        if parts is None:
            return None
        year = int(parts["year"])
        month, day = (int(parts[name]) if parts[name] else None for name in ("month", "day"))
        try:
            date(year, 1 if month is None else month, 1 if day is None else day)
            date(year + 1, 1, 1)  # where it ends
        except ValueError:
            return None
        return cls(year, month, day)

    def __str__(self) -> str:
        parts = [f"{self.year:04}", *(f"{part:02}" for part in (self.month, self.day) if part)]
        return "-".join(parts)

    @property
    def parent(self) -> "DateSpan | None":
        """The span around it, None around a year."""
        if self.month is None:
            return None
        return DateSpan(self.year, self.month if self.day else None)

    def bounds(self, zone: tzinfo) -> tuple[datetime, datetime]:
        """Return its first moment and the first after it, in the zone where its days are days.

        Args:
            zone: of the reader.
        """
        start = datetime(self.year, self.month or 1, self.day or 1, tzinfo=zone)
        if self.day:
            # By the calendar and not by 24 hours: a day may have 23 or 25.
            following = start + timedelta(days=1)
        elif self.month and self.month < MONTHS[-1]:
            following = start.replace(month=self.month + 1)
        else:
            following = start.replace(year=self.year + 1, month=1)
        return start, following

    def children(self, earliest: datetime, latest: datetime) -> list["DateSpan"]:
        """Return the spans right below it, newest first, that lie between two moments.

        Args:
            earliest: the first moment that there is anything of, in the reader's zone.
            latest: the last.
        """
        if self.day:
            return []
        if self.month is None:
            below = [DateSpan(self.year, month) for month in MONTHS]
        else:
            below = [
                DateSpan(self.year, self.month, day)
                for day in range(1, monthrange(self.year, self.month)[1] + 1)
            ]
        return [span for span in reversed(below) if span._meets(earliest, latest)]

    def _meets(self, earliest: datetime, latest: datetime) -> bool:
        assert earliest.tzinfo is not None
        start, following = self.bounds(earliest.tzinfo)
        return start <= latest and earliest < following


def years_between(earliest: datetime, latest: datetime) -> list[DateSpan]:
    """Return the years that lie between two moments, newest first.

    Args:
        earliest: the first moment, in the reader's zone.
        latest: the last.
    """
    return [DateSpan(year) for year in range(latest.year, earliest.year - 1, -1)]
