"""What is due: a row past its `due_at` is brought up to date before anybody reads or moves it."""

from datetime import datetime

from sqlalchemy.orm import Session

from billing import clock
from billing.database import db, transaction
from billing.domain.ledger import HoldState
from billing.models import User, UserTokenBalance
from billing.observability.timing import log_service_operation
from billing.services import (
    balances,
    grace,
    lots,
    marks,
    provisioning,
    quota_periods,
    reservations,
    usage_rollup,
)


def lock_current(session: Session, user_id: int, now: datetime) -> UserTokenBalance:
    """Lock the user's row until the transaction ends, up to date as of `now`.

    A missing row is put back first.

    Args:
        session: the session of the open transaction.
        user_id: a user that exists.
        now: aware UTC.
    """
    balance = balances.find_locked(session, user_id)
    if balance is None:
        user = session.get_one(User, user_id)
        session.expire(user)
        provisioning.ensure(user)
        session.flush()  # the new row is written before it is locked
        balance = balances.find_locked(session, user_id)
        assert balance is not None
    if balance.due_at <= now or usage_rollup.is_due(balance):
        catch_up(session, balance, now)
    return balance


@log_service_operation
def read_current(user_id: int) -> UserTokenBalance:
    """Return the user's row as of now, for reading; it is locked only if something has come due.

    Args:
        user_id: a user that exists.
    """
    now = clock.now()
    balance = db.session.get(UserTokenBalance, user_id, populate_existing=True)
    if balance is not None and balance.due_at > now:
        return balance
    with transaction() as session:
        return lock_current(session, user_id, now)


def catch_up(session: Session, balance: UserTokenBalance, now: datetime) -> None:
    """Settle the lots, and post what is due: holds that ended, lots that expired, a new period.

    Args:
        session: the session of the open transaction.
        balance: the locked row.
        now: aware UTC.
    """
    lots.settle(session, balance)
    for hold in reservations.list_overdue(session, balance.user_id, now):
        reservations.give_back(session, balance, hold, state=HoldState.EXPIRED, now=now)
    lots.repay(session, balance, now)
    lots.expire(session, balance, now)
    quota_periods.roll(session, balance, now)
    grace.end_if_over(session, balance, now)
    usage_rollup.roll_up(session, balance)
    reckon(session, balance, now)


def reckon(session: Session, balance: UserTokenBalance, now: datetime) -> None:
    """Note the marks that were reached, and set until when and how far the row may move blindly.

    `due_at` is the earliest moment at which the row's numbers stop being true.

    Args:
        session: the session of the open transaction.
        balance: the locked row.
        now: aware UTC.
    """
    moments = (
        balance.period_end,
        balance.grace_until,
        lots.find_next_expiry(session, balance.user_id, now),
        reservations.find_next_expiry(session, balance.user_id),
    )
    balance.due_at = min(moment for moment in moments if moment is not None)
    marks.note(session, balance, now)
