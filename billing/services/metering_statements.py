"""The statements of the hot path: one round trip on PostgreSQL, four steps on SQLite.

Both take the quota first and the rest in tokens, or change nothing. What decides stands in the
updated row itself: when PostgreSQL has waited for the row, it looks at the new values of that row
only. A key that meets its twin at the same moment violates the unique index and so undoes the
charge; `ON CONFLICT DO NOTHING` would keep it.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from psycopg.types.numeric import Int8

from billing.services.usage_rollup import ENTRIES_PER_ROLLUP

Row = tuple[Any, ...]

FROM_QUOTA = """CASE WHEN b.quota_limit IS NULL THEN {quantity}
    ELSE {least}({quantity}, b.quota_limit - b.quota_used - b.quota_held) END"""

CHARGE = """
UPDATE user_token_balances AS b SET
    entries = b.entries + 1,
    last_from_quota = {from_quota},
    quota_used = b.quota_used + {from_quota},
    balance = b.balance - ({quantity} - {from_quota}) * f.token_cost,
    spent_total = b.spent_total + ({quantity} - {from_quota}) * f.token_cost
FROM (SELECT id, token_cost FROM features WHERE key = {feature} AND is_metered) AS f
WHERE b.user_id = {user_id}
    AND b.due_at > {now}
    AND b.entries - b.rolled_up < {entries_per_rollup}
    AND {quantity} - {from_quota} <= (b.balance - b.held) / f.token_cost
    AND coalesce(
        (SELECT o.is_allowed FROM feature_overrides AS o
         WHERE o.user_id = {user_id} AND o.feature_id = f.id
            AND (o.expires_at IS NULL OR o.expires_at > {now})),
        EXISTS (SELECT 1 FROM tier_version_features AS t
                WHERE t.tier_version_id = b.tier_version_id AND t.feature_id = f.id))
"""

INSERT = """
INSERT INTO ai_requests
    (user_id, entry, feature_id, tier_version_id, quantity, from_quota, tokens_charged,
     quota_limit, quota_used, quota_held, period_start, resets_at,
     balance_after, spent_total, created_at, idempotency_key)
"""

CHARGED = """{user_id}, b.entries, {feature_id}, b.tier_version_id, {quantity}, b.last_from_quota,
    ({quantity} - b.last_from_quota) * {token_cost},
    b.quota_limit, b.quota_used, b.quota_held, b.period_start, b.period_end,
    b.balance, b.spent_total, {now}, {key}"""

RECEIPT = """entry, quantity, from_quota, tokens_charged, quota_limit, quota_used, quota_held,
    resets_at, balance_after, created_at"""


def _postgresql() -> str:
    names = _names("%({})s")
    quantity = "%(quantity)s"
    from_quota = FROM_QUOTA.format(quantity=quantity, least="LEAST")
    charge = CHARGE.format(**names, from_quota=from_quota, entries_per_rollup=ENTRIES_PER_ROLLUP)
    charged = CHARGED.format(**names, feature_id="b.feature_id", token_cost="b.token_cost")  # noqa: S106
    # Only constants of this module are put into the text.
    return f"""
WITH twin AS (
    SELECT {RECEIPT}, feature_id FROM ai_requests
    WHERE user_id = %(user_id)s AND idempotency_key = %(key)s
), b AS (
    {charge}
    AND NOT EXISTS (SELECT 1 FROM twin)
    RETURNING b.*, f.id AS feature_id, f.token_cost
), recorded AS (
    {INSERT} SELECT {charged}::text FROM b
    RETURNING {RECEIPT}
)
SELECT {RECEIPT}, NULL AS replayed,
    (SELECT external_id FROM users WHERE id = %(user_id)s)
FROM recorded
UNION ALL
SELECT {RECEIPT}, (SELECT key FROM features WHERE id = feature_id),
    (SELECT external_id FROM users WHERE id = %(user_id)s)
FROM twin
"""  # noqa: S608


def _names(placeholder: str) -> dict[str, str]:
    names = ("user_id", "feature", "quantity", "key", "now")
    return {name: placeholder.format(name) for name in names}


ON_POSTGRESQL = _postgresql().encode()

SQLITE_NAMES = _names(":{}")
SQLITE_TWIN = f"""
SELECT {RECEIPT}, (SELECT key FROM features WHERE id = feature_id),
    (SELECT external_id FROM users WHERE id = :user_id)
FROM ai_requests WHERE user_id = :user_id AND idempotency_key = :key
"""  # noqa: S608
SQLITE_CHARGE = CHARGE.format(
    **SQLITE_NAMES,
    from_quota=FROM_QUOTA.format(quantity=":quantity", least="min"),
    entries_per_rollup=ENTRIES_PER_ROLLUP,
)
SQLITE_CHARGED = CHARGED.format(**SQLITE_NAMES, feature_id="f.id", token_cost="f.token_cost")  # noqa: S106
SQLITE_INSERT = f"""{INSERT} SELECT {SQLITE_CHARGED}
FROM user_token_balances AS b, features AS f WHERE b.user_id = :user_id AND f.key = :feature
RETURNING {RECEIPT}, NULL, (SELECT external_id FROM users WHERE id = :user_id)
"""  # noqa: S608


def charge_on_postgresql(connection: Any, parameters: Mapping[str, Any]) -> Row | None:
    """Charge and return the new or the replayed row, None where nothing was charged.

    Args:
        connection: psycopg's own; the statement commits by itself when that is in autocommit.
        parameters: user_id, feature, quantity, key and now.

    Raises:
        psycopg.errors.UniqueViolation: the key's twin was recorded at this moment.
    """
    typed = {
        **parameters,
        # One type each, whatever the value: else each size would be prepared anew.
        "user_id": Int8(parameters["user_id"]),
        "quantity": Int8(parameters["quantity"]),
    }
    row: Row | None = connection.execute(ON_POSTGRESQL, typed, prepare=True).fetchone()
    return row


def charge_on_sqlite(connection: Any, parameters: Mapping[str, Any]) -> Row | None:
    """Charge and return the new or the replayed row, None where nothing was charged.

    Args:
        connection: sqlite3's own, in a transaction that has begun IMMEDIATE.
        parameters: user_id, feature, quantity, key and now.
    """
    bound = {**parameters, "now": _sqlite_moment(parameters["now"])}
    row = connection.execute(SQLITE_TWIN, bound).fetchone() if bound["key"] is not None else None
    if row is None and connection.execute(SQLITE_CHARGE, bound).rowcount == 1:
        row = connection.execute(SQLITE_INSERT, bound).fetchone()
    return None if row is None else _with_moments(row)


def _sqlite_moment(moment: datetime) -> str:
    # As SQLAlchemy stores it: always with microseconds, so that text sorts as time.
    return moment.replace(tzinfo=None).isoformat(" ", "microseconds")


def _with_moments(row: Row) -> Row:
    *numbers, resets_at, balance_after, created_at, replayed, external_id = row
    return (*numbers, _moment(resets_at), balance_after, _moment(created_at), replayed, external_id)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
