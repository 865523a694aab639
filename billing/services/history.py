"""History: a user's AI requests and ledger lines in one row, newest first, by keyset."""

from collections.abc import Iterator, Sequence

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from billing.database import db
from billing.domain.history import HistoryLine, HistoryPage
from billing.errors import InvalidInput
from billing.models import AiRequest, Feature, TokenTransaction

NEWEST = 2**62
PAGE_LIMIT = 100
EXPORT_PAGE = 1_000


def list_transactions(user_id: int, *, after: str | None = None, limit: int = 25) -> HistoryPage:
    """Return the lines that follow the cursor, newest first.

    Args:
        user_id: ours.
        after: the `next_cursor` of the page before; None for the newest lines.
        limit: how many lines, 1 to 100.

    Raises:
        InvalidInput: the cursor or the limit is none of ours.
    """
    if not 1 <= limit <= PAGE_LIMIT:
        raise InvalidInput(f"The limit must be between 1 and {PAGE_LIMIT}.")
    lines = _read_before(db.session(), user_id, before=_entry(after), limit=limit + 1)
    next_cursor = str(lines[limit - 1].entry) if len(lines) > limit else None
    return HistoryPage(tuple(lines[:limit]), next_cursor)


def stream_transactions(user_id: int) -> Iterator[HistoryLine]:
    """Yield every line of the user, newest first, a page in memory at a time.

    Args:
        user_id: ours.
    """
    before = NEWEST
    while lines := _read_before(db.session(), user_id, before=before, limit=EXPORT_PAGE):
        yield from lines
        before = lines[-1].entry


def _entry(cursor: str | None) -> int:
    if cursor is None:
        return NEWEST
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < len(str(NEWEST))):
        raise InvalidInput("This cursor is none of ours.", errors={"cursor": "Not a cursor."})
    return int(cursor)


def _read_before(session: Session, user_id: int, *, before: int, limit: int) -> list[HistoryLine]:
    # Two short index scans, merged here: no database plans a UNION as well as that.
    requests = (
        select(AiRequest, Feature.key, Feature.name)
        .outerjoin(Feature, Feature.id == AiRequest.feature_id)
        .where(AiRequest.user_id == user_id, AiRequest.entry < before)
        .order_by(AiRequest.entry.desc())
        .limit(limit)
    )
    moved = (
        select(TokenTransaction)
        .where(TokenTransaction.user_id == user_id, TokenTransaction.entry < before)
        .order_by(TokenTransaction.entry.desc())
        .limit(limit)
    )
    lines = [*_request_lines(session.execute(requests).all())]
    lines += [_moved_line(transaction) for transaction in session.scalars(moved)]
    return sorted(lines, key=lambda line: line.entry, reverse=True)[:limit]


def _request_lines(rows: Sequence[Row[AiRequest, str, str]]) -> Iterator[HistoryLine]:
    for request, feature_key, feature_name in rows:
        yield HistoryLine(
            id=request.reference,
            entry=request.entry,
            kind="ai_request",
            delta=-request.tokens_charged,
            balance_after=request.balance_after,
            created_at=request.created_at,
            feature=feature_key,
            feature_name=feature_name,
            quantity=request.quantity,
            from_quota=request.from_quota,
        )


def _moved_line(transaction: TokenTransaction) -> HistoryLine:
    return HistoryLine(
        id=transaction.reference,
        entry=transaction.entry,
        kind=transaction.kind,
        delta=transaction.delta,
        balance_after=transaction.balance_after,
        created_at=transaction.created_at,
        reason=transaction.reason,
    )
