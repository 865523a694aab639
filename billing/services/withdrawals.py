"""Withdrawals: tokens that an admin takes out of a balance, with a line for each lot."""

from dataclasses import dataclass, field

import structlog
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from billing import clock
from billing.database import transaction
from billing.domain.ledger import TransactionKind
from billing.errors import IdempotencyMismatch, InsufficientTokens, InvalidInput
from billing.models import TokenTransaction
from billing.observability.timing import log_service_operation
from billing.services import due, lots
from billing.services.ledger_lines import Cause, post

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class WithdrawalReceipt:
    """What was taken out, and what the user has after it."""

    tokens: int
    token_balance: int
    is_replay: bool = field(default=False, compare=False)


@log_service_operation
def withdraw(
    user_id: int, tokens: int, *, reason: str, actor: str, idempotency_key: str
) -> WithdrawalReceipt:
    """Take tokens out of the lots that would be spent next; all or nothing, and never a debt.

    Joins the open transaction.

    Args:
        user_id: ours.
        tokens: how many, at least 1.
        reason: a sentence for the history.
        actor: who takes them: `user:7`.
        idempotency_key: the same key again takes nothing.

    Raises:
        InvalidInput: there is nothing to take.
        InsufficientTokens: the user has fewer that are free of holds and disputes.
        IdempotencyMismatch: the key belongs to another ledger line.
    """
    if tokens < 1:
        raise InvalidInput("At least 1 token must be taken.")
    now = clock.now()
    with transaction() as session:
        balance = due.lock_current(session, user_id, now)
        known = _find_withdrawn(session, user_id, idempotency_key)
        if known:
            if known != tokens:
                raise IdempotencyMismatch("This idempotency key belongs to another ledger line.")
            return WithdrawalReceipt(tokens, balance.balance, is_replay=True)
        if tokens > balance.available:
            raise InsufficientTokens(
                "The user has fewer tokens.", balance=balance.available, required=tokens
            )
        lots.settle(session, balance)
        left, key = tokens, idempotency_key
        for lot in lots.list_burnable(session, user_id):
            part = min(left, lot.available)
            if part == 0:
                continue
            left -= part
            lot.remaining -= part
            lot.withdrawn += part
            balance.balance -= part
            kind, cause = TransactionKind.WITHDRAW, Cause(actor, reason, key)
            post(session, balance, lot, kind=kind, delta=-part, cause=cause, now=now)
            key = f"{idempotency_key}:from:{lot.id}"
        due.reckon(session, balance, now)
    log.info("tokens.withdrawn", user_id=user_id, tokens=tokens, actor=actor)
    return WithdrawalReceipt(tokens, balance.balance)


def _find_withdrawn(session: Session, user_id: int, key: str) -> int:
    """Return how many tokens were taken under the key, over all lots."""
    same_key = or_(
        TokenTransaction.idempotency_key == key,
        TokenTransaction.idempotency_key.startswith(f"{key}:from:", autoescape=True),
    )
    taken = select(func.coalesce(func.sum(-TokenTransaction.delta), 0)).where(
        TokenTransaction.user_id == user_id, same_key
    )
    return int(session.scalar(taken) or 0)
