"""The charge on SQLite: read, decide, write, in one transaction that has taken the write lock.

Nobody else can write between BEGIN IMMEDIATE and COMMIT, so what was read is still true.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from billing.domain.metering import Quota, Receipt, Wanted
from billing.driver import Link
from billing.services.usage_rollup import ENTRIES_PER_ROLLUP

READ = """
SELECT f.id, f.token_cost, b.tier_version_id, b.entries, b.quota_limit, b.quota_used, b.quota_held,
    b.quota_mark, b.balance, max(b.held, b.token_mark), b.spent_total, b.period_start, b.period_end
FROM user_token_balances AS b JOIN features AS f ON f.key = :feature AND f.is_metered
WHERE b.user_id = :user_id
    AND b.due_at > :now
    AND b.entries - b.rolled_up < :entries_per_rollup
    AND coalesce(
        (SELECT o.is_allowed FROM feature_overrides AS o
         WHERE o.user_id = :user_id AND o.feature_id = f.id
            AND (o.expires_at IS NULL OR o.expires_at > :now)),
        (SELECT true FROM tier_version_features AS t
         WHERE t.tier_version_id = b.tier_version_id AND t.feature_id = f.id))
"""
MOVE = """
UPDATE user_token_balances SET entries = ?, quota_used = ?, balance = ?, spent_total = ?
WHERE user_id = ?
"""
RECORD = """
INSERT INTO ai_requests
    (user_id, entry, feature_id, tier_version_id, quantity, from_quota, tokens_charged,
     quota_limit, quota_used, quota_held, period_start, resets_at,
     balance_after, spent_total, created_at, idempotency_key)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""


def charge(link: Link, wanted: Wanted, user_name: str, now: datetime) -> Receipt | None:
    """Charge in a transaction of its own; None means that it takes a closer look.

    Args:
        link: a connection on which no transaction is open.
        wanted: what is to be charged.
        user_name: what the host calls the user.
        now: aware UTC.

    Raises:
        sqlite3.OperationalError: the database did not answer.
    """
    try:
        with _immediately(link.connection) as connection:
            return _charge(connection, wanted, user_name, now)
    except sqlite3.IntegrityError:
        return None  # the key was used before


@contextmanager
def _immediately(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _charge(
    connection: sqlite3.Connection, wanted: Wanted, user_name: str, now: datetime
) -> Receipt | None:
    user_id, quantity = wanted.user_id, wanted.quantity
    # As SQLAlchemy stores a moment: always with microseconds, so that text sorts as time.
    moment = now.replace(tzinfo=None).isoformat(" ", "microseconds")
    row = connection.execute(
        READ,
        {
            "user_id": user_id,
            "feature": wanted.feature_key,
            "now": moment,
            "entries_per_rollup": ENTRIES_PER_ROLLUP,
        },
    ).fetchone()
    if row is None:
        return None
    feature_id, token_cost, tier_version_id, entries, limit, used, held, quota_mark, *rest = row
    balance, kept, spent_total, period_start, period_end = rest
    from_quota = Quota(limit, used, now, held).covers(quantity)
    tokens = (quantity - from_quota) * token_cost
    if used + from_quota >= quota_mark or tokens > balance - kept:
        return None
    entry, used = entries + 1, used + from_quota
    balance, spent_total = balance - tokens, spent_total + tokens
    connection.execute(MOVE, (entry, used, balance, spent_total, user_id))
    connection.execute(
        RECORD,
        (
            *(user_id, entry, feature_id, tier_version_id, quantity, from_quota, tokens),
            *(limit, used, held, period_start, period_end),
            *(balance, spent_total, moment, wanted.idempotency_key),
        ),
    )
    resets_at = datetime.fromisoformat(period_end).replace(tzinfo=UTC)
    return Receipt(
        id=f"air_{user_id}_{entry}",
        user=user_name,
        feature=wanted.feature_key,
        quantity=quantity,
        from_quota=from_quota,
        tokens_charged=tokens,
        quota=Quota(limit, used, resets_at, held),
        token_balance=balance,
        created_at=now,
    )
