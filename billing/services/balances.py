"""Balances: the one row of a user that every change of tokens and quota goes through."""

from collections.abc import Container
from datetime import datetime

from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from billing import clock
from billing.database import db, transaction
from billing.domain.alerts import next_quota_mark
from billing.domain.periods import period_at
from billing.models import TierVersion, User, UserTokenBalance
from billing.observability.timing import log_service_operation


@log_service_operation
def open_balance(user: User, *, tier_version: TierVersion, anchor: datetime) -> UserTokenBalance:
    """Give the user an empty balance and a first quota period, or return what there is.

    Joins the open transaction, in which the user's row is locked or new.

    Args:
        user: a stored user.
        tier_version: the terms whose quota applies.
        anchor: the moment from which the monthly periods are counted.
    """
    with transaction() as session:
        existing = session.get(UserTokenBalance, user.id)
        if existing is not None:
            return existing
        balance = empty_balance(tier_version=tier_version, anchor=anchor)
        balance.user_id = user.id
        session.add(balance)
        return balance


def empty_balance(*, tier_version: TierVersion, anchor: datetime) -> UserTokenBalance:
    """Build the row of a new user, in the quota period that holds now; it is not added yet.

    Args:
        tier_version: the terms whose quota applies.
        anchor: the moment from which the monthly periods are counted.
    """
    period = period_at(anchor, clock.now())
    limit = tier_version.ai_requests_per_month
    return UserTokenBalance(
        tier_version_id=tier_version.id,
        quota_limit=limit,
        quota_mark=next_quota_mark(limit, used=0),
        anchor=anchor,
        period_start=period.start,
        period_end=period.end,
        due_at=period.end,
    )


def find_locked(session: Session, user_id: int) -> UserTokenBalance | None:
    """Lock the user's row until the transaction ends and read it anew, None where it is missing.

    Args:
        session: the session of the open transaction.
        user_id: ours.
    """
    locked = select(UserTokenBalance).where(UserTokenBalance.user_id == user_id).with_for_update()
    return session.scalar(locked.execution_options(populate_existing=True))


def forget(user_ids: Container[int]) -> None:
    """Make the session read the users' rows again: a statement has changed them behind its back.

    Args:
        user_ids: ours.
    """
    session = db.session()
    for known in session.identity_map.values():
        # An expired one would be read again only to say whose it is.
        identity = inspect(known).identity if isinstance(known, UserTokenBalance) else None
        if identity is not None and identity[0] in user_ids:
            session.expire(known)
