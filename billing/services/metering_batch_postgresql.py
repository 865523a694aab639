"""A batch on PostgreSQL: one prepared statement, one round trip, a transaction of its own.

Each user is charged for all that the batch wants, or left to the closer look. The users' rows are
locked in ascending order before the first is written, so that two batches never wait for each other
in a circle. A key that was used before undoes the whole statement.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from operator import attrgetter, itemgetter

from psycopg.errors import UniqueViolation

from billing.domain.metering import Receipt, Wanted
from billing.driver import Link, Prepared, array
from billing.services.metering_postgresql import receipt
from billing.services.usage_rollup import ENTRIES_PER_ROLLUP

# LEAST leaves out what is null: an unlimited quota pays for all.
CHARGE = """
WITH locked AS (
    SELECT user_id, tier_version_id, quota_limit - quota_used - quota_held AS remaining
    FROM user_token_balances WHERE user_id = ANY (:user_ids)
    ORDER BY user_id FOR UPDATE
), wanted AS (
    SELECT w.at, w.user_id, w.quantity, w.key, l.remaining, f.id AS feature_id, f.token_cost,
        row_number() OVER so_far AS nth,
        CAST(sum(w.quantity) OVER so_far AS bigint) AS quantity_so_far,
        coalesce(
            (SELECT o.is_allowed FROM feature_overrides AS o
             WHERE o.user_id = w.user_id AND o.feature_id = f.id
                AND (o.expires_at IS NULL OR o.expires_at > :now)),
            (SELECT true FROM tier_version_features AS t
             WHERE t.tier_version_id = l.tier_version_id AND t.feature_id = f.id),
            false) AS is_allowed
    FROM unnest(:user_ids, :features, :quantities, :keys)
        WITH ORDINALITY AS w (user_id, feature, quantity, key, at)
    JOIN locked AS l ON l.user_id = w.user_id
    LEFT JOIN features AS f ON f.key = w.feature AND f.is_metered
    WINDOW so_far AS (PARTITION BY w.user_id ORDER BY w.at)
), split AS (
    SELECT *,
        LEAST(quantity_so_far, remaining) AS from_quota_so_far,
        LEAST(quantity_so_far, remaining) - LEAST(quantity_so_far - quantity, remaining)
            AS from_quota
    FROM wanted
), priced AS (
    SELECT *,
        sum((quantity - from_quota) * token_cost)
            OVER (PARTITION BY user_id ORDER BY at) AS tokens_so_far
    FROM split
), charged AS (
    UPDATE user_token_balances AS b SET
        entries = b.entries + p.entries,
        quota_used = b.quota_used + p.from_quota,
        balance = b.balance - p.tokens,
        spent_total = b.spent_total + p.tokens
    FROM (
        SELECT user_id, max(nth) AS entries, max(from_quota_so_far) AS from_quota,
            max(tokens_so_far) AS tokens
        FROM priced GROUP BY user_id HAVING bool_and(is_allowed)
    ) AS p
    WHERE b.user_id = p.user_id
        AND b.due_at > :now
        AND b.entries - b.rolled_up < {entries_per_rollup}
        AND b.quota_used + p.from_quota < b.quota_mark
        AND p.tokens <= b.balance - GREATEST(b.held, b.token_mark)
    RETURNING b.user_id, b.tier_version_id, b.quota_limit, b.quota_held, b.period_start,
        b.period_end, b.entries - p.entries AS entries, b.quota_used - p.from_quota AS quota_used,
        b.balance + p.tokens AS balance, b.spent_total - p.tokens AS spent_total
)
INSERT INTO ai_requests
    (user_id, entry, feature_id, tier_version_id, quantity, from_quota, tokens_charged,
     quota_limit, quota_used, quota_held, period_start, resets_at,
     balance_after, spent_total, created_at, idempotency_key)
SELECT p.user_id, c.entries + p.nth, p.feature_id, c.tier_version_id, p.quantity, p.from_quota,
    (p.quantity - p.from_quota) * p.token_cost,
    c.quota_limit, c.quota_used + p.from_quota_so_far, c.quota_held, c.period_start, c.period_end,
    c.balance - p.tokens_so_far, c.spent_total + p.tokens_so_far, :now, p.key
FROM priced AS p JOIN charged AS c ON c.user_id = p.user_id
RETURNING user_id, entry, from_quota, tokens_charged, quota_limit, quota_used, quota_held,
    resets_at, balance_after
"""

PREPARED = Prepared(
    "charge_batch",
    CHARGE.format(entries_per_rollup=ENTRIES_PER_ROLLUP),
    user_ids="bigint[]",
    features="text[]",
    quantities="bigint[]",
    keys="text[]",
    now="timestamptz",
)
COLUMNS = attrgetter("user_id", "feature_key", "quantity", "idempotency_key")


def charge(
    link: Link, wanted: Sequence[Wanted], user_names: Mapping[int, str], now: datetime
) -> dict[int, Receipt]:
    """Charge what takes no closer look, in a transaction of its own.

    Args:
        link: a connection on which no transaction is open.
        wanted: at least one; those of one user are charged one after the other.
        user_names: what the host calls each of the users.
        now: aware UTC.

    Returns:
        The receipts by the place of their request; a user has one for each request, or none.

    Raises:
        psycopg.OperationalError: the database did not answer.
    """
    by_user = sorted(enumerate(wanted), key=lambda each: each[1].user_id)
    columns = zip(*(COLUMNS(each) for _, each in by_user), strict=True)
    try:
        rows = link.find_rows(PREPARED, *map(array, columns), now)
    except UniqueViolation:
        return {}  # a key was used before: look who used it
    rows.sort(key=itemgetter(0, 1))
    charged = {row[0] for row in rows}
    places = [place for place, each in by_user if each.user_id in charged]
    return {
        place: receipt(wanted[place], user_names[user_id], row, now)
        for place, (user_id, *row) in zip(places, rows, strict=True)
    }
