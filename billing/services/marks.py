"""Marks: a quota nearly used, tokens that run low, noted in the transaction that gets there.

The user's row carries the next mark on either side. A charge that stays short of both has nothing
to note; one that would reach a mark goes the slow way, and ends here.
"""

from datetime import datetime
from typing import Protocol

from sqlalchemy.orm import Session

from billing.database import insert_into
from billing.domain.alerts import (
    AlertKind,
    list_passed_token_marks,
    list_reached_percents,
    next_quota_mark,
    next_token_mark,
)
from billing.models import UsageAlert


class Watched(Protocol):
    """The user's row, whoever holds it."""

    user_id: int
    balance: int
    quota_limit: int | None
    quota_used: int
    quota_mark: int
    token_mark: int
    period_start: datetime
    period_end: datetime


def note(session: Session, row: Watched, now: datetime) -> None:
    """Note each mark that the row has reached, once a period, and set the next ones.

    Args:
        session: the session of the open transaction.
        row: locked, its numbers moved.
        now: aware UTC.
    """
    percents = list_reached_percents(row.quota_limit, row.quota_used, since=row.quota_mark)
    passed = list_passed_token_marks(row.balance, since=row.token_mark)
    reached = [(AlertKind.QUOTA, percent) for percent in percents]
    reached += [(AlertKind.TOKENS, mark) for mark in passed]
    if reached:
        alerts = [_alert(row, kind, mark, now) for kind, mark in reached]
        session.execute(insert_into(UsageAlert).values(alerts).on_conflict_do_nothing())
    row.quota_mark = next_quota_mark(row.quota_limit, row.quota_used)
    row.token_mark = next_token_mark(row.balance)


def _alert(row: Watched, kind: AlertKind, mark: int, now: datetime) -> dict[str, object]:
    return {
        "user_id": row.user_id,
        "kind": kind,
        "mark": mark,
        "period_start": row.period_start,
        "period_end": row.period_end,
        "quota_used": row.quota_used,
        "quota_limit": row.quota_limit,
        "balance": row.balance,
        "created_at": now,
    }
