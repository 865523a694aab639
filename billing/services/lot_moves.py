"""Moves of an order's lots: take back, restore, freeze, thaw; each with its ledger line."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.domain import ledger_reasons
from billing.domain.ledger import TransactionKind
from billing.models import TokenLot, UserTokenBalance
from billing.services.ledger_lines import Cause, post

ACTOR = "stripe"


@dataclass(frozen=True, slots=True)
class Books:
    """A user's locked and settled balance, and the lots of one order."""

    session: Session
    balance: UserTokenBalance
    lots: Sequence[TokenLot]
    now: datetime

    @property
    def taken(self) -> int:
        """How many of the order's tokens were taken back, as a debt where they were spent."""
        return sum(lot.clawed_back + lot.owed for lot in self.lots)

    @property
    def frozen(self) -> int:
        """How many of the order's tokens wait for the end of a dispute."""
        return sum(lot.frozen for lot in self.lots)


def take(books: Books, tokens: int, reason: str) -> None:
    """Take tokens back: what the lots still have, then what was spent of them as a debt.

    Args:
        books: the order's.
        tokens: how many; none or fewer is nothing to do. What has expired is not owed.
        reason: a sentence for the history.
    """
    left = tokens
    available = {}
    for lot in books.lots:
        available[lot.id] = min(max(left, 0), lot.available)
        left -= available[lot.id]
    for lot in books.lots:
        taken = available[lot.id]
        owed = min(max(left, 0), _spent(lot))
        left -= owed
        lot.remaining -= taken
        lot.clawed_back += taken
        lot.owed += owed
        books.balance.balance -= taken
        books.balance.debt += owed
        _post(books, lot, reason, kind=TransactionKind.CLAWBACK, delta=-(taken + owed))


def _spent(lot: TokenLot) -> int:
    """How many tokens of the lot were of use to somebody and are not owed yet."""
    return max(lot.burned + lot.repaid + lot.held - lot.owed, 0)


def restore(books: Books, tokens: int, reason: str) -> None:
    """Undo a `take`: debts first, then what the lots had, the last that was taken from first.

    So it is the same in the end whether less was taken, or more and some of it restored.

    Args:
        books: the order's.
        tokens: how many, at most `books.taken`; none or fewer is nothing to do.
        reason: a sentence for the history.
    """
    left = max(tokens, 0)
    forgiven = {}
    backwards = books.lots[::-1]
    for lot in backwards:
        forgiven[lot.id] = min(left, lot.owed)
        left -= forgiven[lot.id]
    for lot in backwards:
        returned = min(left, lot.clawed_back)
        left -= returned
        lot.owed -= forgiven[lot.id]
        _forgive(books, forgiven[lot.id])
        lot.clawed_back -= returned
        lot.remaining += returned
        books.balance.balance += returned
        restored = forgiven[lot.id] + returned
        _post(books, lot, reason, kind=TransactionKind.RESTORE, delta=restored)


def _forgive(books: Books, tokens: int) -> None:
    """Lower the debt; what other lots have repaid of it already goes back to them."""
    balance = books.balance
    lowered = min(tokens, balance.debt)
    balance.debt -= lowered
    left = tokens - lowered
    if left == 0:
        return
    repaying = select(TokenLot).where(TokenLot.user_id == balance.user_id, TokenLot.repaid > 0)
    for lot in books.session.scalars(repaying.order_by(TokenLot.id.desc())):
        part = min(left, lot.repaid)
        lot.repaid -= part
        lot.remaining += part
        balance.balance += part
        left -= part


def freeze(books: Books, tokens: int, reason: str) -> None:
    """Keep tokens that the lots still have from being spent or expiring.

    Args:
        books: the order's.
        tokens: how many; no more than are free are frozen.
        reason: a sentence for the history.
    """
    left = max(tokens, 0)
    for lot in books.lots:
        part = min(left, lot.available)
        left -= part
        lot.frozen += part
        books.balance.held += part
        _post_number(books, lot, reason, kind=TransactionKind.FREEZE, tokens=part)


def thaw(books: Books, tokens: int, reason: str) -> None:
    """Undo a `freeze`.

    Args:
        books: the order's.
        tokens: how many; none or fewer is nothing to do.
        reason: a sentence for the history.
    """
    left = max(tokens, 0)
    for lot in books.lots:
        part = min(left, lot.frozen)
        left -= part
        lot.frozen -= part
        books.balance.held -= part
        _post_number(books, lot, reason, kind=TransactionKind.THAW, tokens=part)


def _post_number(
    books: Books, lot: TokenLot, reason: str, *, kind: TransactionKind, tokens: int
) -> None:
    """Write the line of what moves nothing; the reason has the number, the line cannot."""
    if tokens:
        cause = Cause(ACTOR, ledger_reasons.with_number(reason, tokens))
        post(books.session, books.balance, lot, kind=kind, delta=0, cause=cause, now=books.now)


def _post(books: Books, lot: TokenLot, reason: str, *, kind: TransactionKind, delta: int) -> None:
    if delta:
        cause = Cause(ACTOR, reason)
        post(books.session, books.balance, lot, kind=kind, delta=delta, cause=cause, now=books.now)
