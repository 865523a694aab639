"""Quota memory: who closes an account and makes another one goes on with the quota of before."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing import clock
from billing.database import insert_into
from billing.models import QuotaUse, User, UserTokenBalance


def remember(session: Session, balance: UserTokenBalance, *, person_hash: str) -> None:
    """Note what was used of the period that runs.

    Args:
        session: the session of the open transaction.
        balance: the locked row of the account that closes.
        person_hash: from `domain.persons`.
    """
    values = {"used": balance.quota_used, "resets_at": balance.period_end}
    session.execute(
        insert_into(QuotaUse)
        .values(person_hash=person_hash, created_at=clock.now(), **values)
        .on_conflict_do_update(index_elements=["person_hash"], set_=values)
    )


def recall(session: Session, user: User, *, person_hash: str) -> None:
    """Take off a new account's first quota what the person used of a period that still runs.

    Args:
        session: the session of the open transaction.
        user: who was just made.
        person_hash: from `domain.persons`.
    """
    used = session.scalar(
        select(QuotaUse.used).where(
            QuotaUse.person_hash == person_hash, QuotaUse.resets_at > clock.now()
        )
    )
    balance = user.token_balance
    if used and balance.quota_limit is not None:
        balance.quota_limit = max(balance.quota_limit - used, 0)
