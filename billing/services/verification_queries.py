"""The invariants as queries: each returns the rows that break it, so none is what we want.

A row is (user_id, subject, what the logs say, what the row says). They run as they are on
PostgreSQL and on SQLite.
"""

from collections.abc import Mapping

from billing.domain.metering import MAX_QUANTITY

# What each entry did to the balance alone: a ledger line may have moved the debt as well.
ENTRIES = """
    SELECT user_id, entry, balance_after, -tokens_charged AS moved FROM ai_requests
    UNION ALL
    SELECT user_id, entry, balance_after,
        delta + debt_after - lag(debt_after, 1, 0) OVER (PARTITION BY user_id ORDER BY entry)
    FROM token_transactions
"""

SUMS_BY_USER = """
    WITH requests AS (
        SELECT user_id, count(*) AS entries, max(entry) AS newest, sum(tokens_charged) AS charged
        FROM ai_requests GROUP BY user_id
    ), lines AS (
        SELECT user_id, count(*) AS entries, max(entry) AS newest, sum(delta) AS delta
        FROM token_transactions GROUP BY user_id
    ), lots AS (
        SELECT user_id, sum(remaining) AS remaining, sum(held) AS held, sum(frozen) AS frozen,
            sum(burned) AS burned
        FROM token_lots GROUP BY user_id
    ), open_holds AS (
        SELECT user_id, sum(tokens) AS tokens FROM holds WHERE state = 'open' GROUP BY user_id
    ), books AS (
        SELECT b.user_id, b.balance, b.held, b.debt, b.entries, b.spent_total, b.settled_total,
            coalesce(r.charged, 0) AS charged,
            coalesce(l.delta, 0) - coalesce(r.charged, 0) AS net,
            coalesce(r.entries, 0) + coalesce(l.entries, 0) AS counted,
            CASE WHEN coalesce(r.newest, 0) > coalesce(l.newest, 0) THEN coalesce(r.newest, 0)
                ELSE coalesce(l.newest, 0) END AS newest,
            coalesce(t.remaining, 0) AS remaining, coalesce(t.held, 0) AS lots_held,
            coalesce(t.frozen, 0) AS frozen,
            coalesce(t.burned, 0) AS burned, coalesce(h.tokens, 0) AS holds
        FROM user_token_balances AS b
        LEFT JOIN requests AS r ON r.user_id = b.user_id
        LEFT JOIN lines AS l ON l.user_id = b.user_id
        LEFT JOIN lots AS t ON t.user_id = b.user_id
        LEFT JOIN open_holds AS h ON h.user_id = b.user_id
    )
    SELECT user_id, 'balance less debt', net, balance - debt FROM books
        WHERE net <> balance - debt
    UNION ALL SELECT user_id, 'tokens spent', charged, spent_total FROM books
        WHERE charged <> spent_total
    UNION ALL SELECT user_id, 'number of entries', counted, entries FROM books
        WHERE counted <> entries OR newest <> entries
    UNION ALL SELECT user_id, 'tokens left in lots', remaining - (spent_total - settled_total),
        balance FROM books WHERE remaining - (spent_total - settled_total) <> balance
    UNION ALL SELECT user_id, 'tokens burned', burned, settled_total FROM books
        WHERE burned <> settled_total
    UNION ALL SELECT user_id, 'tokens held', holds + frozen, held FROM books
        WHERE holds + frozen <> held OR lots_held <> holds
"""

QUOTA_BY_PERIOD = """
    WITH requests AS (
        SELECT user_id, period_start, sum(from_quota) AS used
        FROM ai_requests GROUP BY user_id, period_start
    ), open_holds AS (
        SELECT user_id, period_start, sum(from_quota) AS held
        FROM holds WHERE state = 'open' GROUP BY user_id, period_start
    ), periods AS (
        SELECT user_id, period_start, quota_used AS used, quota_held AS held
        FROM user_token_balances
        UNION ALL SELECT user_id, period_start, used, held FROM quota_periods
    ), books AS (
        SELECT p.user_id, p.period_start, p.used, p.held,
            coalesce(r.used, 0) AS recorded, coalesce(h.held, 0) AS reserved
        FROM periods AS p
        LEFT JOIN requests AS r ON r.user_id = p.user_id AND r.period_start = p.period_start
        LEFT JOIN open_holds AS h ON h.user_id = p.user_id AND h.period_start = p.period_start
    )
    SELECT user_id, 'quota used from ' || period_start, recorded, used FROM books
        WHERE recorded <> used
    UNION ALL SELECT user_id, 'quota held from ' || period_start, reserved, held FROM books
        WHERE reserved <> held
    UNION ALL SELECT r.user_id, 'requests of a period unknown, ' || r.period_start, r.used, NULL
        FROM requests AS r LEFT JOIN periods AS p
            ON p.user_id = r.user_id AND p.period_start = r.period_start
        WHERE p.user_id IS NULL
"""

CHECKS: Mapping[str, str] = {
    "sums": SUMS_BY_USER,
    "quota": QUOTA_BY_PERIOD,
    "running balance": f"""
        SELECT user_id, 'entry ' || entry, before + moved, balance_after FROM (
            SELECT user_id, entry, moved, balance_after,
                lag(balance_after, 1, 0) OVER (PARTITION BY user_id ORDER BY entry) AS before
            FROM ({ENTRIES}) AS entries
        ) AS chained WHERE before + moved <> balance_after
    """,  # noqa: S608
    "running total of tokens spent": """
        SELECT user_id, 'entry ' || entry, before + tokens_charged, spent_total FROM (
            SELECT user_id, entry, tokens_charged, spent_total,
                lag(spent_total, 1, 0) OVER (PARTITION BY user_id ORDER BY entry) AS before
            FROM ai_requests
        ) AS chained WHERE before + tokens_charged <> spent_total
    """,
    "burned stretches": """
        SELECT user_id, 'tokens spent from ' || spent_from, before, spent_from FROM (
            SELECT user_id, spent_from,
                lag(spent_to, 1, 0) OVER (PARTITION BY user_id ORDER BY spent_from) AS before
            FROM lot_burns
        ) AS chained WHERE before <> spent_from
        UNION ALL SELECT t.user_id, 'lot ' || t.id, coalesce(u.burned, 0), t.burned
        FROM token_lots AS t LEFT JOIN (
            SELECT lot_id, sum(spent_to - spent_from) AS burned FROM lot_burns GROUP BY lot_id
        ) AS u ON u.lot_id = t.id WHERE coalesce(u.burned, 0) <> t.burned
    """,
    "impossible numbers": f"""
        SELECT user_id, 'entry ' || entry, NULL, NULL FROM ai_requests
        WHERE quantity NOT BETWEEN 1 AND {MAX_QUANTITY}
            OR from_quota NOT BETWEEN 0 AND quantity OR tokens_charged < 0
            OR (tokens_charged > 0) <> (from_quota < quantity) OR balance_after < 0
        UNION ALL SELECT user_id, 'period', NULL, NULL FROM user_token_balances
        WHERE period_start >= period_end OR due_at > period_end
    """,  # noqa: S608
    "overlapping periods": """
        SELECT user_id, 'period from ' || period_start, NULL, NULL FROM (
            SELECT user_id, period_start,
                lag(period_end) OVER (PARTITION BY user_id ORDER BY period_start) AS before
            FROM (SELECT user_id, period_start, period_end FROM quota_periods
                  UNION ALL SELECT user_id, period_start, period_end FROM user_token_balances
            ) AS periods
        ) AS chained WHERE before > period_start
    """,
    "paid orders": """
        SELECT o.user_id, 'order ' || o.id, o.tokens + o.bonus_tokens, coalesce(t.tokens, 0)
        FROM orders AS o LEFT JOIN (
            SELECT order_id, sum(tokens) AS tokens FROM token_lots GROUP BY order_id
        ) AS t ON t.order_id = o.id
        WHERE o.kind = 'tokens' AND o.state = 'paid'
            AND coalesce(t.tokens, 0) <> o.tokens + o.bonus_tokens
    """,
    "unknown references": """
        SELECT r.user_id, 'entry ' || r.entry, NULL, NULL FROM ai_requests AS r
        LEFT JOIN user_token_balances AS b ON b.user_id = r.user_id
        LEFT JOIN features AS f ON f.id = r.feature_id
        LEFT JOIN tier_versions AS v ON v.id = r.tier_version_id
        WHERE b.user_id IS NULL OR f.id IS NULL OR v.id IS NULL
    """,
    "usage by day": """
        SELECT b.user_id, 'requests up to entry ' || b.rolled_up,
            coalesce(r.quantity, 0), coalesce(u.quantity, 0)
        FROM user_token_balances AS b
        LEFT JOIN (
            SELECT a.user_id, sum(a.quantity) AS quantity FROM ai_requests AS a
            JOIN user_token_balances AS c ON c.user_id = a.user_id AND a.entry <= c.rolled_up
            GROUP BY a.user_id
        ) AS r ON r.user_id = b.user_id
        LEFT JOIN (
            SELECT user_id, sum(quantity) AS quantity FROM usage_days GROUP BY user_id
        ) AS u ON u.user_id = b.user_id
        WHERE coalesce(r.quantity, 0) <> coalesce(u.quantity, 0)
    """,
}
