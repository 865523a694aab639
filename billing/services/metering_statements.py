"""The statements of the hot path: one round trip on PostgreSQL, four steps on SQLite.

They take the quota first and the rest in tokens, or change nothing. What decides stands in the
updated row itself: when PostgreSQL has waited for the row, it looks at the new values of that row
only. A key that meets its twin violates the unique index and so undoes the charge; `ON CONFLICT DO
NOTHING` would keep it. The user's rights ride along.
"""

import re
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime
from typing import Any, Protocol

from psycopg.types.numeric import Int8

from billing.services.usage_rollup import ENTRIES_PER_ROLLUP

Row = tuple[Any, ...]

TWIN = """
SELECT entry, quantity, from_quota, tokens_charged, quota_limit, quota_used, quota_held,
    resets_at, balance_after, created_at,
    (SELECT external_id FROM users WHERE id = :user_id),
    (SELECT key FROM features WHERE id = feature_id)
FROM ai_requests WHERE user_id = :user_id AND idempotency_key = :key
"""

CHARGE = """
UPDATE user_token_balances AS b SET
    entries = b.entries + 1,
    last_from_quota = {from_quota},
    quota_used = b.quota_used + {from_quota},
    balance = b.balance - (:quantity - {from_quota}) * f.token_cost,
    spent_total = b.spent_total + (:quantity - {from_quota}) * f.token_cost
FROM (SELECT id, token_cost FROM features WHERE key = :feature AND is_metered) AS f
WHERE b.user_id = :user_id
    AND b.due_at > :now
    AND b.entries - b.rolled_up < {entries_per_rollup}
    AND :quantity - {from_quota} <= (b.balance - b.held) / f.token_cost
    AND coalesce(
        (SELECT o.is_allowed FROM feature_overrides AS o
         WHERE o.user_id = :user_id AND o.feature_id = f.id
            AND (o.expires_at IS NULL OR o.expires_at > :now)),
        EXISTS (SELECT 1 FROM tier_version_features AS t
                WHERE t.tier_version_id = b.tier_version_id AND t.feature_id = f.id))
"""

FROM_QUOTA = """CASE WHEN b.quota_limit IS NULL THEN :quantity
        ELSE {least}(:quantity, b.quota_limit - b.quota_used - b.quota_held) END"""

RECORD = """
INSERT INTO ai_requests
    (user_id, entry, feature_id, tier_version_id, quantity, from_quota, tokens_charged,
     quota_limit, quota_used, quota_held, period_start, resets_at,
     balance_after, spent_total, created_at, idempotency_key)
SELECT :user_id, b.entries, f.id, b.tier_version_id, :quantity, b.last_from_quota,
    (:quantity - b.last_from_quota) * f.token_cost,
    b.quota_limit, b.quota_used, b.quota_held, b.period_start, b.period_end,
    b.balance, b.spent_total, :now, :key
FROM {charged}
RETURNING entry, quantity, from_quota, tokens_charged, quota_limit, quota_used, quota_held,
    resets_at, balance_after, created_at,
    (SELECT external_id FROM users WHERE id = :user_id), NULL
"""


def _charge(least: str) -> str:
    from_quota = FROM_QUOTA.format(least=least)
    return CHARGE.format(from_quota=from_quota, entries_per_rollup=ENTRIES_PER_ROLLUP)


POSTGRESQL_CHARGE = (
    "WITH b AS ("
    + _charge("LEAST")
    + "RETURNING b.*, f.id AS feature_id, f.token_cost)"
    + RECORD.format(charged="b").replace("f.id", "b.feature_id").replace("f.tok", "b.tok")
)


class Statements(Protocol):
    """The hot path on one database, in the transaction that is open; both answer alike."""

    def find_twin(self, connection: Any, parameters: Mapping[str, Any]) -> Row | None:
        """Return the request that took the key before, None if there is none."""

    def charge(self, connection: Any, parameters: Mapping[str, Any]) -> Row | None:
        """Charge and return what was recorded, None where nothing was."""


class OnPostgresql:
    """With psycopg's own connection."""

    def find_twin(self, connection: Any, parameters: Mapping[str, Any]) -> Row | None:
        """See `Statements`."""
        row: Row | None = connection.execute(self.TWIN, parameters).fetchone()
        return row

    def charge(self, connection: Any, parameters: Mapping[str, Any]) -> Row | None:
        """See `Statements`."""
        typed = {
            **parameters,
            "user_id": Int8(parameters["user_id"]),
            "quantity": Int8(parameters["quantity"]),
        }
        row: Row | None = connection.execute(self.CHARGE, typed).fetchone()
        return row

    @staticmethod
    def _named(statement: str) -> bytes:
        return re.sub(r"(?<!:):(\w+)", r"%(\1)s", statement).encode()

    TWIN = _named(TWIN)
    CHARGE = _named(POSTGRESQL_CHARGE)


class OnSqlite:
    """With sqlite3's own connection, in a transaction that has begun IMMEDIATE."""

    CHARGE = _charge("min")
    RECORD = RECORD.format(
        charged="user_token_balances AS b JOIN features AS f ON f.key = :feature "
        "WHERE b.user_id = :user_id"
    )

    def find_twin(self, connection: Any, parameters: Mapping[str, Any]) -> Row | None:
        """See `Statements`."""
        row = connection.execute(TWIN, _bound(parameters)).fetchone()
        return None if row is None else _with_moments(row)

    def charge(self, connection: Any, parameters: Mapping[str, Any]) -> Row | None:
        """See `Statements`."""
        bound = _bound(parameters)
        if connection.execute(self.CHARGE, bound).rowcount != 1:
            return None
        with closing(connection.execute(self.RECORD, bound)) as recorded:
            return _with_moments(recorded.fetchone())


STATEMENTS: Mapping[str, Statements] = {"postgresql": OnPostgresql(), "sqlite": OnSqlite()}


def _bound(parameters: Mapping[str, Any]) -> dict[str, Any]:
    # As SQLAlchemy stores a moment: always with microseconds, so that text sorts as time.
    now = parameters["now"].replace(tzinfo=None).isoformat(" ", "microseconds")
    return {**parameters, "now": now}


def _with_moments(row: Row) -> Row:
    return (*row[:7], _moment(row[7]), row[8], _moment(row[9]), *row[10:])


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
