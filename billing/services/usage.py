"""Usage: where quota and tokens stand, and what the requests of the period went on."""

from dataclasses import dataclass
from datetime import datetime

from billing.domain.metering import Quota
from billing.models import User
from billing.services import due
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
    """A user's tokens; `available` are those that no hold reserves."""

    balance: int
    held: int
    debt: int

    @property
    def available(self) -> int:
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
    tokens = TokenSummary(balance.balance, balance.held, balance.debt)
    return UsageSummary(balance.quota, balance.period_start, tokens)
