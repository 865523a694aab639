"""Ledger lines: the only writer of `token_transactions`."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from billing.domain.ledger import TransactionKind
from billing.models import TokenLot, TokenTransaction, UserTokenBalance
from billing.services import host_events


@dataclass(frozen=True, slots=True)
class Cause:
    """Who moves tokens and why; the key makes it happen once."""

    actor: str
    reason: str
    idempotency_key: str | None = None


def post(
    session: Session,
    balance: UserTokenBalance,
    lot: TokenLot,
    *,
    kind: TransactionKind,
    delta: int,
    cause: Cause,
    now: datetime,
) -> TokenTransaction:
    """Write the line of a change that the balance and the lot have just seen.

    Args:
        session: the session of the open transaction.
        balance: the locked row, with the numbers after the change.
        lot: where the tokens are from.
        kind: what moves them.
        delta: what it adds to balance less debt; never 0.
        cause: who and why.
        now: aware UTC.
    """
    line = TokenTransaction(
        user_id=balance.user_id,
        entry=balance.next_entry(),
        kind=kind,
        delta=delta,
        balance_after=balance.balance,
        debt_after=balance.debt,
        lot_id=lot.id,
        source=lot.source,
        actor=cause.actor,
        reason=cause.reason,
        idempotency_key=cause.idempotency_key,
        created_at=now,
    )
    session.add(line)
    host_events.tell_of_line(line)
    return line
