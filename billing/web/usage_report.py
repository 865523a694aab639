"""What the usage page shows of one quota period: its figures, its charts, and the others."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from billing import clock
from billing.errors import NotFound
from billing.models import QuotaPeriod, User
from billing.services import usage
from billing.services.usage import DayUsage, UsageSummary
from billing.web import charts
from billing.web.charts import BurnDown, ByDay, Outlook

NAME = "%Y%m%dT%H%M%S"


@dataclass(frozen=True, slots=True)
class UsageReport:
    """One period, and all that may be shown instead: each with its name in the address."""

    usage: UsageSummary
    periods: tuple[tuple[str, datetime, datetime], ...]
    chosen: str
    days: tuple[DayUsage, ...]
    outlook: Outlook | None
    burn_down: BurnDown | None
    by_day: ByDay | None


def report(user: User, chosen: str) -> UsageReport:
    """Return the report of a period.

    Args:
        user: whose usage.
        chosen: the period's name in the address, empty for the current one.

    Raises:
        NotFound: the user has no such period.
    """
    now = usage.summary(user)
    closed = usage.list_closed_periods(user)
    shown = usage.summary_of(_find(closed, chosen), now=now) if chosen else now
    days = usage.by_day(user, period_start=shown.period_start)
    today = clock.now().date()
    outlook = None if shown.is_over else charts.outlook(shown, days, today)
    return UsageReport(
        usage=shown,
        periods=tuple((name(each), each.period_start, each.period_end) for each in closed),
        chosen=chosen,
        days=tuple(days),
        outlook=outlook,
        burn_down=charts.burn_down(shown, days, outlook, today),
        by_day=charts.by_day(shown, days, today),
    )


def name(period: QuotaPeriod) -> str:
    """Return the period's name in the address."""
    return period.period_start.strftime(NAME)


def _find(closed: Sequence[QuotaPeriod], chosen: str) -> QuotaPeriod:
    found = next((period for period in closed if name(period) == chosen), None)
    if found is None:
        raise NotFound("You have no such period.")
    return found
