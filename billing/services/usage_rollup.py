"""Usage by day: summed up once each thousand entries, so that a reader adds up only the newest."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from billing.models import UserTokenBalance

ENTRIES_PER_ROLLUP = 1_000
"""At most so many requests lie above the sums."""

UTC_DAY = {
    "postgresql": "(created_at AT TIME ZONE 'UTC')::date",
    "sqlite": "date(created_at)",
}

ROLL_UP = """
INSERT INTO usage_days AS known
    (user_id, period_start, day, feature_id, quantity, from_quota, tokens_charged, created_at)
SELECT user_id, period_start, {utc_day}, feature_id,
    sum(quantity), sum(from_quota), sum(tokens_charged), max(created_at)
FROM ai_requests
WHERE user_id = :user_id AND entry > :rolled_up AND entry <= :entries
GROUP BY user_id, period_start, {utc_day}, feature_id
ON CONFLICT (user_id, period_start, day, feature_id) DO UPDATE SET
    quantity = known.quantity + excluded.quantity,
    from_quota = known.from_quota + excluded.from_quota,
    tokens_charged = known.tokens_charged + excluded.tokens_charged
"""


def is_due(balance: UserTokenBalance) -> bool:
    """Say whether so many entries have come that a reader would wait.

    Args:
        balance: the user's row.
    """
    return balance.entries - balance.rolled_up >= ENTRIES_PER_ROLLUP


def roll_up(session: Session, balance: UserTokenBalance) -> None:
    """Add the entries since the last time to the sums by day.

    Args:
        session: the session of the open transaction.
        balance: the locked row.
    """
    utc_day = UTC_DAY[session.get_bind().dialect.name]
    numbers = {
        "user_id": balance.user_id,
        "rolled_up": balance.rolled_up,
        "entries": balance.entries,
    }
    session.execute(text(ROLL_UP.format(utc_day=utc_day)), numbers)
    balance.rolled_up = balance.entries
