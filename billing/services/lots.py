"""Lots: which tokens were spent, in what order, and what became of the rest.

A spend moves only the balance. Here the stretch of spent tokens that no lot has paid yet is taken
out of the lots, earliest expiry first and never-expiring last, whenever something could change
that order: a new lot, an expiry, a hold, a clawback, or a reader.
"""

from collections.abc import Sequence
from datetime import datetime

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billing.domain import ledger_reasons
from billing.domain.ledger import TransactionKind
from billing.models import LotBurn, TokenLot, UserTokenBalance
from billing.services.ledger_lines import Cause, post

log = structlog.get_logger(__name__)


def list_burnable(session: Session, user_id: int) -> Sequence[TokenLot]:
    """Return the lots that have tokens left, in the order in which they are spent.

    Of those that expire together gifts go first, and then what was bought first, whichever
    purchase we heard of first.

    Args:
        session: the session of the open transaction.
        user_id: ours; its balance row is locked.
    """
    burnable = (
        select(TokenLot)
        .where(TokenLot.user_id == user_id, TokenLot.remaining > 0)
        .order_by(
            TokenLot.expires_at.asc().nulls_last(),
            TokenLot.order_id.asc().nulls_first(),
            TokenLot.id,
        )
    )
    return session.scalars(burnable.execution_options(populate_existing=True)).all()


def settle(session: Session, balance: UserTokenBalance) -> None:
    """Take what was spent since the last time out of the lots.

    Args:
        session: the session of the open transaction.
        balance: the locked row.
    """
    for lot in list_burnable(session, balance.user_id):
        unsettled = balance.spent_total - balance.settled_total
        if unsettled == 0:
            return
        burn(session, balance, lot, min(unsettled, lot.available))


def burn(session: Session, balance: UserTokenBalance, lot: TokenLot, tokens: int) -> None:
    """Let the lot pay for the next stretch of spent tokens.

    Args:
        session: the session of the open transaction.
        balance: the locked row.
        lot: one of the user's.
        tokens: how many; none is nothing to do.
    """
    if tokens == 0:
        return
    spent_from = balance.settled_total
    balance.settled_total = spent_from + tokens
    lot.remaining -= tokens
    lot.burned += tokens
    session.add(
        LotBurn(
            user_id=balance.user_id,
            lot_id=lot.id,
            spent_from=spent_from,
            spent_to=balance.settled_total,
        )
    )


def expire(session: Session, balance: UserTokenBalance, now: datetime) -> None:
    """Post what is left of each lot whose time is up; tokens under a hold wait for its end.

    Args:
        session: the session of the open transaction.
        balance: the locked row, settled.
        now: aware UTC.
    """
    for lot in list_burnable(session, balance.user_id):
        if lot.is_expired(now) and lot.available:
            _expire_lot(session, balance, lot, now)


def _expire_lot(session: Session, balance: UserTokenBalance, lot: TokenLot, now: datetime) -> None:
    tokens = lot.available
    lot.remaining -= tokens
    lot.expired += tokens
    balance.balance -= tokens
    cause = Cause("expiry", ledger_reasons.expired(lot.id))
    post(session, balance, lot, kind=TransactionKind.EXPIRE, delta=-tokens, cause=cause, now=now)
    log.info("tokens.expired", user_id=balance.user_id, lot_id=lot.id, tokens=tokens)


def repay(session: Session, balance: UserTokenBalance, now: datetime) -> None:
    """Take what a clawback could not have while it was held, now that it is free.

    Args:
        session: the session of the open transaction.
        balance: the locked row, settled.
        now: aware UTC.
    """
    for lot in list_burnable(session, balance.user_id):
        tokens = min(lot.available, lot.owed, balance.debt)
        if tokens:
            cause = Cause("clawback", ledger_reasons.clawed_back_late(lot.id))
            lot.remaining -= tokens
            lot.clawed_back += tokens
            balance.balance -= tokens
            taken = TransactionKind.CLAWBACK
            post(session, balance, lot, kind=taken, delta=-tokens, cause=cause, now=now)
            lot.owed -= tokens
            balance.debt -= tokens
            repaid = TransactionKind.REPAY
            post(session, balance, lot, kind=repaid, delta=tokens, cause=cause, now=now)


def reserve(session: Session, user_id: int, tokens: int) -> list[tuple[TokenLot, int]]:
    """Set tokens aside in the lots that would be spent next, and say how many in each.

    Args:
        session: the session of the open transaction.
        user_id: ours; its balance row is locked, settled, and has so many available.
        tokens: how many.
    """
    parts = []
    for lot in list_burnable(session, user_id):
        part = min(tokens, lot.available)
        if part:
            lot.held += part
            tokens -= part
            parts.append((lot, part))
    return parts


def find_next_expiry(session: Session, user_id: int, now: datetime) -> datetime | None:
    """Return when the next lot with free tokens expires, None if none does.

    Args:
        session: the session of the open transaction.
        user_id: ours.
        now: aware UTC.
    """
    return session.scalar(
        select(func.min(TokenLot.expires_at)).where(
            TokenLot.user_id == user_id,
            TokenLot.remaining > 0,
            TokenLot.remaining > TokenLot.held + TokenLot.frozen,
            TokenLot.expires_at > now,
        )
    )


def sum_frozen(session: Session, user_id: int) -> int:
    """Return how many of the user's tokens wait for the end of a dispute.

    Args:
        session: any session.
        user_id: ours.
    """
    frozen = select(func.coalesce(func.sum(TokenLot.frozen), 0)).where(TokenLot.user_id == user_id)
    return int(session.scalar(frozen) or 0)
