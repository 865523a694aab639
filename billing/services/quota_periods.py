"""Quota periods: the current one ends, the next one begins; a closed one is kept."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from billing.domain.periods import Period, period_at
from billing.models import QuotaPeriod, TierVersion, UserTokenBalance

SHORTEST_PERIOD = timedelta(microseconds=1)


def roll(session: Session, balance: UserTokenBalance, now: datetime) -> None:
    """Open the period that contains `now`, and only that one, where the current one has ended.

    Args:
        session: the session of the open transaction.
        balance: the locked row.
        now: aware UTC.
    """
    if balance.period_end <= now:
        tier_version = session.get_one(TierVersion, balance.tier_version_id)
        change(session, balance, to=period_at(balance.anchor, now), tier_version=tier_version)


def change(
    session: Session, balance: UserTokenBalance, *, to: Period, tier_version: TierVersion
) -> None:
    """Close the current period, at its end or where the new one begins, and open the new one.

    Args:
        session: the session of the open transaction.
        balance: the locked row.
        to: the new period; it begins a moment later where the current one begins no earlier.
        tier_version: the terms whose quota applies from now on.
    """
    start = max(to.start, balance.period_start + SHORTEST_PERIOD)
    session.add(
        QuotaPeriod(
            user_id=balance.user_id,
            period_start=balance.period_start,
            period_end=min(balance.period_end, start),
            tier_version_id=balance.tier_version_id,
            quota_limit=balance.quota_limit,
            used=balance.quota_used,
            # Their holds stay open, and give back to this row.
            held=balance.quota_held,
        )
    )
    balance.tier_version_id = tier_version.id
    balance.quota_limit = tier_version.ai_requests_per_month
    balance.quota_used = 0
    balance.quota_held = 0
    balance.period_start = start
    # No later than the end, so that the row is true until it is reckoned anew.
    balance.period_end = balance.due_at = to.end
