"""The statements of a batch, by database; each takes its rows as one JSON array of arrays."""

from collections.abc import Mapping

ByDialect = Mapping[str, str]


def _by_dialect(statement: str, columns: str) -> ByDialect:
    """Put the JSON array `:rows` in the place of `{rows}`; `columns` names and types its fields."""
    fields = [column.split() for column in columns.split(",")]
    postgresql = [f"(e ->> {at})::{kind} AS {name}" for at, (name, kind) in enumerate(fields)]
    sqlite = [f"json_extract(e.value, '$[{at}]') AS {name}" for at, (name, _) in enumerate(fields)]
    return {
        "postgresql": statement.format(
            rows=f"(SELECT {', '.join(postgresql)} FROM jsonb_array_elements(:rows) AS e)",  # noqa: S608
            for_update="FOR UPDATE OF b",
        ).replace(":rows", "CAST(:rows AS jsonb)"),
        "sqlite": statement.format(
            rows=f"(SELECT {', '.join(sqlite)} FROM json_each(:rows) AS e)",  # noqa: S608
            for_update="",
        ),
    }


LOCK = _by_dialect(
    """
    SELECT b.user_id, u.external_id, b.tier_version_id, b.entries, b.rolled_up, b.balance, b.held,
        b.spent_total, b.quota_limit, b.quota_used, b.quota_held, b.quota_mark, b.token_mark,
        b.period_start, b.period_end, b.due_at
    FROM user_token_balances AS b JOIN users AS u ON u.id = b.user_id
    WHERE b.user_id IN (SELECT user_id FROM {rows} AS i)
    ORDER BY b.user_id {for_update}
    """,
    "user_id bigint",
)

FEATURES = _by_dialect(
    """
    SELECT f.key, f.id, f.token_cost, t.tier_version_id
    FROM features AS f LEFT JOIN tier_version_features AS t ON t.feature_id = f.id
    WHERE f.is_metered AND f.key IN (SELECT key FROM {rows} AS i)
    """,
    "key text",
)

OVERRIDES = _by_dialect(
    """
    SELECT user_id, feature_id, is_allowed FROM feature_overrides
    WHERE user_id IN (SELECT user_id FROM {rows} AS i)
        AND (expires_at IS NULL OR expires_at > :now)
    """,
    "user_id bigint",
)

TWINS = _by_dialect(
    """
    SELECT a.user_id, a.idempotency_key, f.key AS feature_key, a.entry, a.quantity, a.from_quota,
        a.tokens_charged, a.quota_limit, a.quota_used, a.quota_held, a.resets_at,
        a.balance_after, a.created_at
    FROM {rows} AS i
    JOIN ai_requests AS a ON a.user_id = i.user_id AND a.idempotency_key = i.key
    JOIN features AS f ON f.id = a.feature_id
    """,
    "user_id bigint, key text",
)

MOVE = _by_dialect(
    """
    UPDATE user_token_balances SET entries = i.entries, quota_used = i.quota_used,
        balance = i.balance, spent_total = i.spent_total,
        quota_mark = i.quota_mark, token_mark = i.token_mark
    FROM {rows} AS i WHERE user_token_balances.user_id = i.user_id
    """,
    "user_id bigint, entries bigint, quota_used bigint, balance bigint, spent_total bigint, "
    "quota_mark bigint, token_mark bigint",
)

RECORD = _by_dialect(
    """
    INSERT INTO ai_requests
        (user_id, entry, feature_id, tier_version_id, quantity, from_quota, tokens_charged,
         quota_limit, quota_used, quota_held, period_start, resets_at,
         balance_after, spent_total, created_at, idempotency_key)
    SELECT i.user_id, i.entry, i.feature_id, b.tier_version_id, i.quantity, i.from_quota,
        i.tokens_charged, b.quota_limit, i.quota_used, b.quota_held, b.period_start, b.period_end,
        i.balance_after, i.spent_total, :now, i.key
    FROM {rows} AS i JOIN user_token_balances AS b ON b.user_id = i.user_id
    """,
    "user_id bigint, entry bigint, feature_id bigint, quantity bigint, from_quota bigint, "
    "tokens_charged bigint, quota_used bigint, balance_after bigint, spent_total bigint, key text",
)
