"""The charge on PostgreSQL: one prepared statement, one round trip, a transaction of its own.

It takes the quota first and the rest in tokens, or changes nothing. What decides stands in the
updated row itself: when PostgreSQL has waited for the row, it looks at the new values of that row
only. A key that meets its twin violates the unique index and so undoes the charge; `ON CONFLICT DO
NOTHING` would keep it. The user's rights ride along.
"""

from datetime import datetime

from psycopg.errors import UniqueViolation

from billing.domain.metering import Quota, Receipt, Wanted
from billing.driver import Link, Prepared, Row
from billing.services.usage_rollup import ENTRIES_PER_ROLLUP

# LEAST leaves out what is null: an unlimited quota pays for all.
FROM_QUOTA = "LEAST(:quantity, b.quota_limit - b.quota_used - b.quota_held)"

CHARGE = """
WITH charged AS (
    UPDATE user_token_balances AS b SET
        entries = b.entries + 1,
        last_from_quota = {from_quota},
        quota_used = b.quota_used + {from_quota},
        balance = b.balance - (:quantity - {from_quota}) * f.token_cost,
        spent_total = b.spent_total + (:quantity - {from_quota}) * f.token_cost
    FROM features AS f
    WHERE f.key = :feature AND f.is_metered
        AND b.user_id = :user_id
        AND b.due_at > :now
        AND b.entries - b.rolled_up < {entries_per_rollup}
        AND b.quota_used + {from_quota} < b.quota_mark
        AND :quantity - {from_quota} <= (b.balance - GREATEST(b.held, b.token_mark)) / f.token_cost
        AND coalesce(
            (SELECT o.is_allowed FROM feature_overrides AS o
             WHERE o.user_id = :user_id AND o.feature_id = f.id
                AND (o.expires_at IS NULL OR o.expires_at > :now)),
            -- EXISTS would be planned twice over.
            (SELECT true FROM tier_version_features AS t
             WHERE t.tier_version_id = b.tier_version_id AND t.feature_id = f.id))
    RETURNING b.entries, b.tier_version_id, b.last_from_quota, b.quota_limit, b.quota_used,
        b.quota_held, b.period_start, b.period_end, b.balance, b.spent_total,
        f.id AS feature_id, f.token_cost
)
INSERT INTO ai_requests
    (user_id, entry, feature_id, tier_version_id, quantity, from_quota, tokens_charged,
     quota_limit, quota_used, quota_held, period_start, resets_at,
     balance_after, spent_total, created_at, idempotency_key)
SELECT :user_id, entries, feature_id, tier_version_id, :quantity, last_from_quota,
    (:quantity - last_from_quota) * token_cost,
    quota_limit, quota_used, quota_held, period_start, period_end,
    balance, spent_total, :now, :key
FROM charged
RETURNING entry, from_quota, tokens_charged, quota_limit, quota_used, quota_held, resets_at,
    balance_after
"""

PREPARED = Prepared(
    "charge",
    CHARGE.format(from_quota=FROM_QUOTA, entries_per_rollup=ENTRIES_PER_ROLLUP),
    user_id="bigint",
    feature="text",
    quantity="bigint",
    now="timestamptz",
    key="text",
)


def charge(link: Link, wanted: Wanted, user_name: str, now: datetime) -> Receipt | None:
    """Charge in a transaction of its own; None means that it takes a closer look.

    Args:
        link: a connection on which no transaction is open.
        wanted: what is to be charged.
        user_name: what the host calls the user.
        now: aware UTC.

    Raises:
        psycopg.OperationalError: the database did not answer.
    """
    user_id, feature_key, key = wanted.user_id, wanted.feature_key, wanted.idempotency_key
    try:
        rows = link.find_rows(PREPARED, user_id, feature_key, wanted.quantity, now, key)
    except UniqueViolation:
        return None
    return receipt(wanted, user_name, rows[0], now) if rows else None


def receipt(wanted: Wanted, user_name: str, row: Row, now: datetime) -> Receipt:
    """Return the receipt of a charge.

    Args:
        wanted: what was charged.
        user_name: what the host calls the user.
        row: what the statement returned of the request's row, as `CHARGE` names it.
        now: aware UTC.
    """
    entry, from_quota, tokens_charged, limit, used, held, resets_at, balance = row
    return Receipt(
        id=f"air_{wanted.user_id}_{entry}",
        user=user_name,
        feature=wanted.feature_key,
        quantity=wanted.quantity,
        from_quota=from_quota,
        tokens_charged=tokens_charged,
        quota=Quota(limit, used, resets_at, held),
        token_balance=balance,
        created_at=now,
    )
