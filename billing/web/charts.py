"""Charts as numbers: where each point of the usage page's SVG lies, in percent and pixels.

The horizontal axis is in percent, so that a chart fills any width while its text keeps its size.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate

from billing.domain.forecast import forecast
from billing.messages import Message
from billing.services.usage import DayUsage, UsageSummary

PLOT_TOP = 16
PLOT_HEIGHT = 198
MAX_SERIES = 4
MAX_GRIDLINES = 4
# Between two powers of ten: the fraction counts from 25 on.
BASES = (1, 2, 2.5, 5)
STEPS_TRIED = 3
DATE_LABELS = 6
OTHER = Message("Other")
DAYS_FOR_A_CHART = 2


@dataclass(frozen=True, slots=True)
class GridLine:
    """One horizontal line and the value at it."""

    y: float
    value: int


@dataclass(frozen=True, slots=True)
class DateLabel:
    """A date below the axis; a minor one hides on phones."""

    x: float
    day: date
    anchor: str
    is_minor: bool


@dataclass(frozen=True, slots=True)
class Days:
    """How many days a chart has, and how wide one is in percent."""

    count: int
    width: float


@dataclass(frozen=True, slots=True)
class BurnDown:
    """How the quota of the period has been used up, and where that leads."""

    grid: tuple[GridLine, ...]
    dates: tuple[DateLabel, ...]
    line: str
    today_x: float
    today_y: float
    runs_out_on: date | None
    forecast_x: float | None
    forecast_y: float
    days: Days
    rows: tuple[tuple[date, int, int], ...]

    @property
    def today_pixel(self) -> float:
        return _pixel(self.today_y)

    @property
    def forecast_pixel(self) -> float:
        return _pixel(self.forecast_y)


@dataclass(frozen=True, slots=True)
class Outlook:
    """Where the pace of the last week leads: a day on which the quota is gone, or what is left."""

    runs_out_on: date | None = None
    days_before_reset: int = 0
    spare: int = 0


@dataclass(frozen=True, slots=True)
class Series:
    """One feature of the chart by day: its bars as one path."""

    name: str
    path: str
    total: int
    number: int


@dataclass(frozen=True, slots=True)
class ByDay:
    """Requests by day, stacked by feature; `rows` are the same figures for the table."""

    grid: tuple[GridLine, ...]
    dates: tuple[DateLabel, ...]
    series: tuple[Series, ...]
    days: Days
    rows: tuple[tuple[date, tuple[int, ...], int], ...]

    @property
    def total(self) -> int:
        return sum(each.total for each in self.series)

    @property
    def is_worth_drawing(self) -> bool:
        """Whether there is more than one day: one day is a number, not a chart."""
        return self.days.count >= DAYS_FOR_A_CHART

    @property
    def largest(self) -> int:
        return max((each.total for each in self.series), default=0)


@dataclass(frozen=True, slots=True)
class Period:
    """The UTC days of a quota period: all of them, and those that have begun."""

    first: date
    last: date
    today: date

    @classmethod
    def of(cls, usage: UsageSummary, today: date) -> "Period":
        first, last = usage.period_start.date(), usage.quota.resets_at.date()
        return cls(first, last, min(max(today, first), last))

    @property
    def length(self) -> int:
        return max((self.last - self.first).days, 1)

    @property
    def begun(self) -> list[date]:
        return [self.first + timedelta(n) for n in range((self.today - self.first).days + 1)]


def outlook(usage: UsageSummary, days: Sequence[DayUsage], today: date) -> Outlook | None:
    """Return where the use of the last week leads; None without a limit or with few days."""
    remaining = usage.quota.remaining
    if remaining is None:
        return None
    period = Period.of(usage, today)
    daily = [sum(day.quantity for day in days if day.day == each) for each in period.begun]
    # Today is not over: it would make every morning look like a quiet day.
    found = forecast(daily[:-1], remaining=remaining, days_left=(period.last - period.today).days)
    if found is None or found.runs_out_in_days is None:
        return None if found is None else Outlook(spare=found.spare)
    runs_out_on = period.today + timedelta(found.runs_out_in_days)
    return Outlook(runs_out_on, days_before_reset=(period.last - runs_out_on).days)


def burn_down(
    usage: UsageSummary, days: Sequence[DayUsage], outlook: Outlook | None, today: date
) -> BurnDown | None:
    """Return the chart of the remaining quota; None without a limit, use or a second day."""
    limit = usage.quota.limit
    period = Period.of(usage, today)
    if not limit or not days or len(period.begun) < DAYS_FOR_A_CHART:
        return None
    used = [sum(day.from_quota for day in days if day.day == each) for each in period.begun]
    left = [limit - total for total in accumulate(used)]
    points = [(0.0, 0.0)] + [
        (_share(n + 1, period.length), 100 - _share(value, limit)) for n, value in enumerate(left)
    ]
    today_x, today_y = points[-1]
    forecast_x, forecast_y = _outlook_point(outlook, left[-1], limit, period)
    return BurnDown(
        grid=_grid(limit, limit),
        dates=_dates(period.first, period.length),
        line=" ".join(f"{x:.2f},{y:.2f}" for x, y in points),
        today_x=today_x,
        today_y=today_y,
        # What has run out does not run out any more.
        runs_out_on=None if outlook is None or forecast_x is None else outlook.runs_out_on,
        forecast_x=forecast_x,
        forecast_y=forecast_y,
        days=Days(len(left), 100 / period.length),
        rows=tuple(zip(period.begun, used, left, strict=True)),
    )


def by_day(usage: UsageSummary, days: Sequence[DayUsage], today: date) -> ByDay | None:
    """Return the chart of the requests by day; None without any."""
    if not days:
        return None
    period = Period.of(usage, today)
    names = _series_names(days)
    counts = [_counts(days, day, names) for day in period.begun]
    highest = max(sum(row) for row in counts)
    step = _step(highest)
    top = -(-highest // step) * step
    return ByDay(
        grid=_grid(top, highest),
        dates=_dates(period.first, len(counts), middle=50 / len(counts)),
        series=tuple(_series(name, n, counts, top) for n, name in enumerate(names)),
        rows=tuple((day, row, sum(row)) for day, row in zip(period.begun, counts, strict=True)),
        days=Days(len(counts), 100 / len(counts)),
    )


def _outlook_point(
    outlook: Outlook | None, left: int, limit: int, period: Period
) -> tuple[float | None, float]:
    if outlook is None or left <= 0:
        return None, 100.0
    if outlook.runs_out_on is None:
        return 100.0, 100 - _share(min(outlook.spare, left), limit)
    return _share((outlook.runs_out_on - period.first).days + 1, period.length), 100.0


def _series_names(days: Sequence[DayUsage]) -> list[str]:
    totals: dict[str, int] = {}
    for day in days:
        totals[day.feature_name] = totals.get(day.feature_name, 0) + day.quantity
    names = sorted(totals, key=lambda name: totals[name], reverse=True)
    return names if len(names) <= MAX_SERIES else [*names[: MAX_SERIES - 1], OTHER]


def _counts(days: Sequence[DayUsage], day: date, names: Sequence[str]) -> tuple[int, ...]:
    on_day = [each for each in days if each.day == day]
    named = [sum(each.quantity for each in on_day if each.feature_name == name) for name in names]
    if names[-1] == OTHER:
        named[-1] = sum(each.quantity for each in on_day) - sum(named[:-1])
    return tuple(named)


def _series(name: str, index: int, counts: Sequence[tuple[int, ...]], top: int) -> Series:
    width = 100 / len(counts)
    bars = []
    for n, row in enumerate(counts):
        if row[index]:
            height = _share(row[index], top)
            bottom = 100 - _share(sum(row[:index]), top)
            x, right = width * (n + 0.15), width * (n + 0.85)
            bars.append(f"M{x:.2f} {bottom:.2f}V{bottom - height:.2f}H{right:.2f}V{bottom:.2f}Z")
    return Series(name, "".join(bars), sum(row[index] for row in counts), index + 1)


def _grid(top: int, highest: int) -> tuple[GridLine, ...]:
    step = _step(highest)
    return tuple(
        GridLine(_pixel(100 - _share(value, top)), value) for value in range(0, top + 1, step)
    )


def _step(highest: int) -> int:
    """Return a round distance between few gridlines, which ends at the top where one does."""
    few = [step for step in _round_numbers(highest) if step * MAX_GRIDLINES >= highest]
    return next((step for step in few[:STEPS_TRIED] if highest % step == 0), few[0])


def _round_numbers(most: int) -> list[int]:
    """Return 1, 2, 5, 10, 20, 25, 50 and so on, beyond the number given."""
    magnitudes = [10**n for n in range(len(str(most)) + 1)]
    return [int(base * each) for each in magnitudes for base in BASES if base * each % 1 == 0]


def _dates(first: date, length: int, *, middle: float = 0) -> tuple[DateLabel, ...]:
    """Return the labels; `middle` moves them from the start of a day to the middle of its bar."""
    every = max(-(-length // DATE_LABELS), 1)
    labels = []
    for n, offset in enumerate(range(0, length, every)):
        anchor = "middle" if middle or offset else "start"
        day = first + timedelta(offset)
        x = _share(offset, length) + middle
        labels.append(DateLabel(x, day, anchor, is_minor=n % 2 == 1))
    return tuple(labels)


def _share(part: int, whole: int) -> float:
    """Return the part in percent, at most 100: the day of the reset ends beyond the period."""
    return min(100 * part / whole, 100.0)


def _pixel(percent: float) -> float:
    return round(PLOT_TOP + PLOT_HEIGHT * percent / 100, 1)
