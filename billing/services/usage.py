"""Usage: where quota and tokens stand, and what the requests of the period went on."""

from dataclasses import dataclass
from datetime import datetime

from billing.database import db
from billing.domain.metering import Quota
from billing.models import User
from billing.services import due, lots
from billing.services.history import list_transactions, stream_transactions
from billing.services.identity import id_of
from billing.services.usage_breakdown import DayUsage, FeatureUsage, by_day, by_feature

__all__ = [
    "DayUsage",
    "FeatureUsage",
    "TokenSummary",
    "UsageSummary",
    "by_day",
    "by_feature",
    "list_transactions",
    "stream_transactions",
    "summary",
]


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
    """The current quota period and the tokens of a user, true at one moment."""

    quota: Quota
    period_start: datetime
    tokens: TokenSummary


def summary(user: User) -> UsageSummary:
    """Return where the user's quota and tokens stand now; what has come due is posted first.

    Args:
        user: a stored user.
    """
    balance = due.read_current(id_of(user))
    frozen = lots.sum_frozen(db.session(), balance.user_id) if balance.held else 0
    tokens = TokenSummary(balance.balance, balance.held, balance.debt, frozen)
    return UsageSummary(balance.quota, balance.period_start, tokens)
