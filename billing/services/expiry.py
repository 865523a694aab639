"""Expiry: posts what is due for users who do nothing; whoever does something needs no job."""

from sqlalchemy import select

from billing import clock
from billing.database import db, transaction
from billing.models import UserTokenBalance
from billing.observability.timing import log_service_operation
from billing.services import due

USERS_AT_ONCE = 500


@log_service_operation
def expire_due() -> int:
    """Bring every overdue user up to date: holds, lots, quota periods; return how many there were.

    Each user is a transaction of its own, so that nobody waits for the others.
    """
    now = clock.now()
    overdue = (
        select(UserTokenBalance.user_id)
        .where(UserTokenBalance.due_at <= now)
        .order_by(UserTokenBalance.user_id)
        .limit(USERS_AT_ONCE)
    )
    done, last_user_id = 0, 0
    while True:
        following = overdue.where(UserTokenBalance.user_id > last_user_id)
        user_ids = list(db.session.scalars(following))
        if not user_ids:
            return done
        for user_id in user_ids:
            with transaction() as session:
                due.lock_current(session, user_id, now)
        done, last_user_id = done + len(user_ids), user_ids[-1]
