"""The world that is measured: a migrated database with a catalog, users, lots and a log."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import event, insert, text

from billing import clock, create_app
from billing.database import db, transaction
from billing.domain.alerts import NO_QUOTA_MARK, next_token_mark
from billing.domain.ledger import LotSource
from billing.models import (
    AiRequest,
    Feature,
    SubscriptionTier,
    TierVersion,
    TokenLot,
    TokenTransaction,
    User,
    UserSubscription,
    UserTokenBalance,
)
from billing.settings import PROJECT_ROOT, load

USERS = 10_000
TOKENS = 10**9
FEATURE = "ai_chat"
FILLED_AT_ONCE = 100_000

LIMIT_TABLES = (
    "CREATE TABLE limit_accounts (user_id bigint PRIMARY KEY, balance bigint NOT NULL)",
    "CREATE TABLE limit_log (user_id bigint, entry bigint, idempotency_key text,"
    " balance_after bigint, PRIMARY KEY (user_id, entry), UNIQUE (user_id, idempotency_key))",
)


def app_for(url: str, *, synchronous: str = "FULL") -> Flask:
    """Return an app over the database, as a host would make it."""
    settings: dict[str, Any] = {"database_url": url, "_env_file": None}
    app = create_app(load(**settings))
    if url.startswith("sqlite"):
        with app.app_context():

            @event.listens_for(db.engine, "connect")
            def _set(connection: Any, _record: object) -> None:
                connection.execute(f"PRAGMA synchronous = {synchronous}")

    return app


def build(url: str) -> None:
    """Migrate the database and fill it: a tier of ten features, users with a spent quota."""
    with app_for(url).app_context():
        upgrade(str(PROJECT_ROOT / "migrations"))
        with transaction() as session:
            features = [
                Feature(key=f"feature_{number}", name="Feature", token_cost=1, is_metered=True)
                for number in range(9)
            ]
            features.append(Feature(key=FEATURE, name="Chat", token_cost=1, is_metered=True))
            tier = SubscriptionTier(slug="free", name="Free", rank=0, is_default=True)
            session.add_all(
                TierVersion(
                    tier=tier,
                    version=version,
                    price_month_minor=0,
                    price_year_minor=0,
                    currency="USD",
                    ai_requests_per_month=0,
                    features=features,
                )
                for version in (1, 2, 3)
            )
            session.flush()  # the rows below name the tier
            _insert_users(tier.versions[0].id)
            for statement in LIMIT_TABLES:
                session.execute(text(statement))
            session.execute(
                text("INSERT INTO limit_accounts SELECT id, :tokens FROM users"),
                {"tokens": TOKENS},
            )
        db.engine.dispose()


def _insert_users(tier_version_id: int) -> None:
    now = clock.now()
    users = range(1, USERS + 1)
    month = timedelta(days=30)
    period = {"anchor": now, "period_start": now, "period_end": now + month, "due_at": now + month}
    terms = {"tier_version_id": tier_version_id, "status": "active", "anchor": now}
    half = TOKENS // 2
    rows: Mapping[Any, list[dict[str, Any]]] = {
        User: [{"id": user, "email": f"u{user}@example.org"} for user in users],
        UserSubscription: [{"user_id": user, **terms} for user in users],
        UserTokenBalance: [
            {
                "user_id": user,
                "tier_version_id": tier_version_id,
                "quota_limit": 0,
                "balance": TOKENS,
                "entries": 2,
                "quota_mark": NO_QUOTA_MARK,
                "token_mark": next_token_mark(TOKENS),
                **period,
            }
            for user in users
        ],
        TokenLot: [
            {
                "id": 2 * user - 1 + part,
                "user_id": user,
                "source": LotSource.GRANT,
                "tokens": half,
                "remaining": half,
                "expires_at": now + timedelta(days=365) if part else None,
            }
            for user in users
            for part in (0, 1)
        ],
        TokenTransaction: [
            {
                "user_id": user,
                "entry": part + 1,
                "kind": "grant",
                "delta": half,
                "balance_after": half * (part + 1),
                "debt_after": 0,
                "lot_id": 2 * user - 1 + part,
                "source": "grant",
                "actor": "bench",
                "reason": "bench",
            }
            for user in users
            for part in (0, 1)
        ],
    }
    for model, values in rows.items():
        db.session.execute(insert(model), values)


FILL_LOG = """
INSERT INTO ai_requests (user_id, entry, feature_id, tier_version_id, quantity, from_quota,
    tokens_charged, quota_limit, quota_used, quota_held, period_start, resets_at, balance_after,
    spent_total, created_at, idempotency_key)
SELECT b.user_id, b.entries + n, f.id, b.tier_version_id, 1, 0, 1, 0, 0, 0,
    b.period_start, b.period_end, b.balance - n, b.spent_total + n,
    b.period_start + n * interval '1 second', 'filled:' || (b.entries + n)
FROM user_token_balances AS b, features AS f, generate_series(1, :each) AS n
WHERE f.key = :feature AND b.user_id BETWEEN :first AND :last
"""
MOVE_BALANCES = """
UPDATE user_token_balances SET entries = entries + :each, balance = balance - :each,
    spent_total = spent_total + :each WHERE user_id BETWEEN :first AND :last
"""
ROLL_UP = """
INSERT INTO usage_days (user_id, period_start, day, feature_id, quantity, from_quota,
    tokens_charged, created_at)
SELECT user_id, period_start, (created_at AT TIME ZONE 'UTC')::date, feature_id,
    sum(quantity), sum(from_quota), sum(tokens_charged), now()
FROM ai_requests WHERE user_id BETWEEN :first AND :last
GROUP BY 1, 2, 3, 4
ON CONFLICT (user_id, period_start, day, feature_id) DO UPDATE SET
    quantity = excluded.quantity, tokens_charged = excluded.tokens_charged
"""
MARK_ROLLED_UP = """
UPDATE user_token_balances SET rolled_up = entries WHERE user_id BETWEEN :first AND :last
"""


def fill_log(url: str, rows: int, *, users: tuple[int, int] = (1, USERS)) -> int:
    """Bring the log of the users to so many rows in all (PostgreSQL); return the count."""
    first, last = users
    with app_for(url).app_context():
        with transaction() as session:
            session.execute(text("SET LOCAL statement_timeout = 0"))
            mine = AiRequest.user_id.between(first, last)
            present = session.query(AiRequest).filter(mine).count()
            each = max(rows - present, 0) // (last - first + 1)
            numbers = {"each": each, "first": first, "last": last}
            if each:
                session.execute(text(FILL_LOG), {**numbers, "feature": FEATURE})
                session.execute(text(MOVE_BALANCES), numbers)
                session.execute(text(ROLL_UP), numbers)
                session.execute(text(MARK_ROLLED_UP), numbers)
        with db.engine.connect() as connection:
            connection = connection.execution_options(isolation_level="AUTOCOMMIT")
            connection.execute(text("SET statement_timeout = 0"))
            connection.execute(text("VACUUM ANALYZE"))
        db.engine.dispose()
    return present + each * (last - first + 1)
