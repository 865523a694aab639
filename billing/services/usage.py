"""Usage: where quota and tokens stand, and what the requests of a period went on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from billing.database import db
from billing.domain.metering import Quota
from billing.models import QuotaPeriod, User
from billing.services import due, lots
from billing.services.history import list_transactions, stream_transactions
from billing.services.identity import AnyUser, id_of
from billing.services.usage_breakdown import DayUsage, FeatureUsage, by_day, by_feature

__all__ = [
    "DayUsage",
    "FeatureUsage",
    "TokenSummary",
    "UsageSummary",
    "by_day",
    "by_feature",
    "list_closed_periods",
    "list_transactions",
    "stream_transactions",
    "summary",
    "summary_of",
]

PERIODS_SHOWN = 24


@dataclass(frozen=True, slots=True)
class TokenSummary:
    """A user's tokens; `available` are those that neither a hold nor a dispute keeps.

    `held` counts both; `frozen` are those whose payment is disputed.
    """

    balance: int
    held: int
    debt: int
    frozen: int = 0

    @property
    def available(self) -> int:
        """How many may be spent now."""
        return self.balance - self.held


@dataclass(frozen=True, slots=True)
class UsageSummary:
    """A quota period, the current one or one that is over, and the tokens of a user now."""

    quota: Quota
    period_start: datetime
    tokens: TokenSummary
    is_over: bool = False


def summary(user: AnyUser) -> UsageSummary:
    """Return where the user's quota and tokens stand now; what has come due is posted first.

    Args:
        user: a stored user.
    """
    balance = due.read_current(id_of(user))
    frozen = lots.sum_frozen(db.session(), balance.user_id) if balance.held else 0
    tokens = TokenSummary(balance.balance, balance.held, balance.debt, frozen)
    return UsageSummary(balance.quota, balance.period_start, tokens)


def list_closed_periods(user: User) -> Sequence[QuotaPeriod]:
    """Return the user's periods that are over, the newest first.

    Args:
        user: a stored user.
    """
    closed = select(QuotaPeriod).where(QuotaPeriod.user_id == id_of(user))
    newest = closed.order_by(QuotaPeriod.period_start.desc()).limit(PERIODS_SHOWN)
    return db.session.scalars(newest).all()


def summary_of(period: QuotaPeriod, *, now: UsageSummary) -> UsageSummary:
    """Return how a period that is over stood at its end.

    Args:
        period: of the user.
        now: the user's current period, for the tokens.
    """
    quota = Quota(period.quota_limit, period.used, period.period_end, period.held)
    return UsageSummary(quota, period.period_start, now.tokens, is_over=True)
