"""Reservations: what a hold took from quota and lots goes back to exactly where it came from."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billing.domain.ledger import HoldState
from billing.models import Hold, QuotaPeriod, UserTokenBalance


def list_overdue(session: Session, user_id: int, now: datetime) -> Sequence[Hold]:
    """Return the user's open holds whose time is up.

    Args:
        session: the session of the open transaction.
        user_id: ours; its balance row is locked.
        now: aware UTC.
    """
    overdue = select(Hold).where(
        Hold.user_id == user_id, Hold.state == HoldState.OPEN, Hold.expires_at <= now
    )
    return session.scalars(overdue.order_by(Hold.id)).all()


def find_next_expiry(session: Session, user_id: int) -> datetime | None:
    """Return when the user's next open hold ends, None if there is none.

    Args:
        session: the session of the open transaction.
        user_id: ours.
    """
    return session.scalar(
        select(func.min(Hold.expires_at)).where(
            Hold.user_id == user_id, Hold.state == HoldState.OPEN
        )
    )


def give_back(
    session: Session, balance: UserTokenBalance, hold: Hold, *, state: HoldState, now: datetime
) -> None:
    """Close the hold and free all that it reserves; what was settled is charged afterwards.

    Args:
        session: the session of the open transaction.
        balance: the locked row.
        hold: an open hold of the user.
        state: what the hold becomes.
        now: aware UTC.
    """
    if hold.period_start == balance.period_start:
        balance.quota_held -= hold.from_quota
    else:
        closed = session.get_one(QuotaPeriod, (hold.user_id, hold.period_start))
        closed.held -= hold.from_quota
    for part in hold.lots:
        part.lot.held -= part.tokens
        balance.held -= part.tokens
    hold.state = state
    hold.closed_at = now
