"""Quotas: the tier's AI requests a month, and what a change of tier does to them."""

from datetime import datetime

import structlog

from billing import clock
from billing.database import transaction
from billing.domain.periods import Period, period_after_change
from billing.models import TierVersion, UserTokenBalance
from billing.observability.timing import log_service_operation
from billing.services import due, grace, quota_periods

log = structlog.get_logger(__name__)


@log_service_operation
def follow_tier(
    user_id: int,
    *,
    tier_version: TierVersion,
    anchor: datetime,
    grace_until: datetime | None = None,
    ends_at: datetime | None = None,
) -> None:
    """Give the user the quota of the terms and the anchor that apply from now on.

    A new anchor begins a new period. With the same anchor a quota that rises keeps the period and
    what was used of it; one that falls closes the period now and opens one until the same end.
    While a renewal is unpaid the period goes on with the share of the quota that the grace is of
    it. Joins the open transaction; the same again changes nothing.

    Args:
        user_id: ours.
        tier_version: the terms of the subscription.
        anchor: the moment from which the monthly periods are counted, aware UTC.
        grace_until: until when the tier stays on while its renewal is unpaid, aware UTC.
        ends_at: until when a tier stays on that nobody pays for, with its whole quota, aware UTC.
    """
    now = clock.now()
    with transaction() as session:
        balance = due.lock_current(session, user_id, now)
        known = (balance.tier_version_id, balance.anchor, balance.grace_until)
        if known == (tier_version.id, anchor, grace_until or ends_at):
            return
        if balance.anchor != anchor:
            balance.anchor = anchor
            following = period_after_change(balance.period, anchor=anchor, now=now)
            quota_periods.change(session, balance, to=following, tier_version=tier_version)
        elif balance.tier_version_id != tier_version.id and _falls(balance, tier_version):
            rest = Period(now, balance.period_end)
            quota_periods.change(session, balance, to=rest, tier_version=tier_version)
        else:
            balance.tier_version_id = tier_version.id
            balance.quota_limit = tier_version.ai_requests_per_month
        balance.grace_until = grace_until or ends_at
        if grace_until is not None:
            grace.prorate(balance)
        due.reckon(session, balance, now)
    log.info("quota.changed", user_id=user_id, tier_version_id=tier_version.id)


def _falls(balance: UserTokenBalance, tier_version: TierVersion) -> bool:
    limit = tier_version.ai_requests_per_month
    if limit is None:
        return False
    return balance.quota_limit is None or limit < balance.quota_limit
