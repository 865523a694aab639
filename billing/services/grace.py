"""Grace: what a user may still use while a renewal is unpaid, and the end of that."""

from datetime import datetime

import structlog
from sqlalchemy.orm import Session

from billing.domain.dunning import prorated_quota
from billing.domain.periods import Period
from billing.models import UserTokenBalance
from billing.services import catalog, quota_periods

log = structlog.get_logger(__name__)


def prorate(balance: UserTokenBalance) -> None:
    """Cut the unpaid period's quota to its share; what was used or is held of it stays.

    Args:
        balance: the locked row.
    """
    if balance.quota_limit is not None:
        share = prorated_quota(balance.quota_limit, balance.period)
        balance.quota_limit = max(share, balance.quota_used + balance.quota_held)


def end_if_over(session: Session, balance: UserTokenBalance, now: datetime) -> None:
    """Fall to the default tier where the grace has ended unpaid; tokens stay.

    Args:
        session: the session of the open transaction.
        balance: the locked row.
        now: aware UTC.

    Raises:
        NoCatalog: there is no default tier to fall to.
    """
    if balance.grace_until is None or balance.grace_until > now:
        return
    balance.grace_until = None
    quota_periods.change(
        session,
        balance,
        to=Period(now, balance.period_end),
        tier_version=catalog.get_default_tier().current_version,
    )
    log.info("grace.ended", user_id=balance.user_id)
