"""The ledger: tokens come in as lots and go back by clawbacks; every step is a row."""

from dataclasses import dataclass, field
from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from billing import clock
from billing.database import MAX_AMOUNT, transaction
from billing.domain.ledger import LotSource, TransactionKind
from billing.errors import IdempotencyMismatch, InvalidInput
from billing.models import TokenLot, TokenTransaction, UserTokenBalance
from billing.observability.timing import log_service_operation
from billing.services import due, lots
from billing.services.ledger_lines import Cause, post

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class GrantReceipt:
    """What a grant gave: a lot of tokens, less what repaid a debt."""

    id: str
    lot_id: int
    tokens: int
    repaid: int
    token_balance: int
    is_replay: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class ClawbackReceipt:
    """What a clawback took, from the lot or as a debt, and what the user has and owes after it."""

    lot_id: int
    tokens: int
    token_balance: int
    debt: int
    is_replay: bool = field(default=False, compare=False)


@log_service_operation
def grant(
    user_id: int,
    tokens: int,
    *,
    source: LotSource,
    reason: str,
    actor: str,
    idempotency_key: str,
    expires_at: datetime | None = None,
    order_id: int | None = None,
) -> GrantReceipt:
    """Give the user a new lot, which repays a debt first. Joins the open transaction.

    Args:
        user_id: ours.
        tokens: how many, at least 1.
        source: where they come from.
        reason: a sentence for the history.
        actor: who gives them: `cli`, `stripe`, `user:7`.
        idempotency_key: the same key again returns the first receipt.
        expires_at: when what is left of them lapses, aware UTC; None for never.
        order_id: the order that paid for them.

    Raises:
        InvalidInput: the tokens are out of bounds, or would have expired already.
        IdempotencyMismatch: the key belongs to another grant.
    """
    now = clock.now()
    _require_amount(tokens)
    _require_ahead(expires_at, now)
    cause = Cause(actor, reason, idempotency_key)
    with transaction() as session:
        balance = due.lock_current(session, user_id, now)
        known = _find_by_key(session, user_id, idempotency_key)
        if known is not None:
            return _replayed_grant(known, tokens)
        if balance.balance + tokens > MAX_AMOUNT:
            raise InvalidInput("The balance would be larger than Billhook counts.")
        lot = TokenLot(
            user_id=user_id,
            order_id=order_id,
            source=source,
            tokens=tokens,
            expires_at=expires_at,
            created_at=now,
        )
        line = _add_lot(session, balance, lot, cause)
        due.reckon(session, balance, now)
    log.info("tokens.granted", user_id=user_id, tokens=tokens, source=source, actor=actor)
    return GrantReceipt(line.reference, lot.id, tokens, lot.repaid, line.balance_after)


def _add_lot(
    session: Session, balance: UserTokenBalance, lot: TokenLot, cause: Cause
) -> TokenTransaction:
    # What was spent before the lot came is none of its business.
    lots.settle(session, balance)
    _repay_from(lot, balance)
    session.add(lot)
    session.flush()  # the ledger line names the lot
    balance.balance += lot.remaining
    kind, now = TransactionKind.GRANT, lot.created_at
    return post(session, balance, lot, kind=kind, delta=lot.tokens, cause=cause, now=now)


def _repay_from(lot: TokenLot, balance: UserTokenBalance) -> None:
    lot.repaid = min(lot.tokens, balance.debt)
    lot.remaining = lot.tokens - lot.repaid
    balance.debt -= lot.repaid


def _replayed_grant(line: TokenTransaction, tokens: int) -> GrantReceipt:
    if (line.kind, line.delta) != (TransactionKind.GRANT, tokens):
        raise IdempotencyMismatch("This idempotency key belongs to another ledger line.")
    return GrantReceipt(
        line.reference, line.lot_id, tokens, line.lot.repaid, line.balance_after, is_replay=True
    )


@log_service_operation
def clawback(
    user_id: int, tokens: int, *, lot_id: int, reason: str, actor: str, idempotency_key: str
) -> ClawbackReceipt:
    """Take tokens of one lot back: what it still has, and what was spent of it as a debt.

    What has expired was no use to anybody and is not owed; held tokens stay held, and are owed.
    Joins the open transaction.

    Args:
        user_id: ours.
        tokens: how many, at least 1; no more is taken than the lot ever gave.
        lot_id: one of the user's lots.
        reason: a sentence for the history.
        actor: who takes them: `stripe`, `user:7`.
        idempotency_key: the same key again takes nothing.

    Raises:
        InvalidInput: the tokens are out of bounds.
        IdempotencyMismatch: the key belongs to another ledger line.
    """
    now = clock.now()
    _require_amount(tokens)
    cause = Cause(actor, reason, idempotency_key)
    with transaction() as session:
        balance = due.lock_current(session, user_id, now)
        known = _find_by_key(session, user_id, idempotency_key)
        if known is not None:
            return _replayed_clawback(known, lot_id)
        lots.settle(session, balance)
        lot = session.get_one(TokenLot, lot_id)
        taken = min(tokens, lot.available)
        useful = lot.burned + lot.repaid + lot.held - lot.owed
        owed = min(tokens - taken, max(useful, 0))
        _take(balance, lot, taken=taken, owed=owed)
        if taken + owed:
            kind, delta = TransactionKind.CLAWBACK, -(taken + owed)
            post(session, balance, lot, kind=kind, delta=delta, cause=cause, now=now)
        due.reckon(session, balance, now)
    log.info("tokens.clawed_back", user_id=user_id, lot_id=lot_id, taken=taken, owed=owed)
    return ClawbackReceipt(lot_id, taken + owed, balance.balance, balance.debt)


def _take(balance: UserTokenBalance, lot: TokenLot, *, taken: int, owed: int) -> None:
    lot.remaining -= taken
    lot.clawed_back += taken
    lot.owed += owed
    balance.balance -= taken
    balance.debt += owed


def _replayed_clawback(line: TokenTransaction, lot_id: int) -> ClawbackReceipt:
    if (line.kind, line.lot_id) != (TransactionKind.CLAWBACK, lot_id):
        raise IdempotencyMismatch("This idempotency key belongs to another ledger line.")
    return ClawbackReceipt(lot_id, -line.delta, line.balance_after, line.debt_after, is_replay=True)


def _find_by_key(session: Session, user_id: int, key: str) -> TokenTransaction | None:
    return session.scalar(
        select(TokenTransaction).where(
            TokenTransaction.user_id == user_id, TokenTransaction.idempotency_key == key
        )
    )


def _require_amount(tokens: int) -> None:
    if not 1 <= tokens <= MAX_AMOUNT:
        raise InvalidInput(f"Tokens must be between 1 and {MAX_AMOUNT}.")


def _require_ahead(expires_at: datetime | None, now: datetime) -> None:
    if expires_at is not None and expires_at <= now:
        raise InvalidInput("The expiry lies in the past.")
