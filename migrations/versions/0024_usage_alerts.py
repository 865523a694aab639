"""Alerts: what users want to hear of, and a trigger that notes each mark that is reached."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

BigInt = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
UtcDateTime = sa.DateTime(timezone=True)

# As in billing/domain/alerts.py at the time of this migration.
QUOTA_PERCENTS = (50, 75, 80, 90, 95, 100)
TOKEN_MARKS = (1, 10, 50, 100, 500, 1000)

COLUMNS = """user_id, kind, mark, period_start, period_end, quota_used, quota_limit, balance,
    created_at"""
NOW = {"postgresql": "now()", "sqlite": "strftime('%Y-%m-%d %H:%M:%f000', 'now')"}


def _reaches(percent: str) -> str:
    """The quota reaches the percentage, or is there at once in a new period."""
    mark = f"((NEW.quota_limit * {percent} + 99) / 100)"
    return (
        f"(NEW.quota_limit > 0 AND NEW.quota_used >= {mark} AND "
        f"(OLD.quota_used < {mark} OR OLD.period_start <> NEW.period_start))"
    )


def _falls_below(mark: str) -> str:
    return f"(NEW.balance < {mark} AND OLD.balance >= {mark})"


def _insert(dialect: str, kind: str, marks: tuple[int, ...], condition: str) -> str:
    values = ", ".join(f"({mark})" for mark in marks)
    return f"""
    INSERT INTO usage_alerts ({COLUMNS})
    SELECT NEW.user_id, '{kind}', m.mark, NEW.period_start, NEW.period_end, NEW.quota_used,
        NEW.quota_limit, NEW.balance, {NOW[dialect]}
    FROM (WITH marks (mark) AS (VALUES {values}) SELECT mark FROM marks) AS m WHERE {condition}
    ON CONFLICT DO NOTHING;
    """


def _create_trigger() -> None:
    dialect = op.get_bind().dialect.name
    # PostgreSQL reads this anew in every statement: a few words that let every mark through.
    when = (
        "NEW.quota_limit > 0 AND NEW.quota_used * 20 / NEW.quota_limit "
        "<> OLD.quota_used * 20 / NEW.quota_limit "
        f"OR NEW.balance < {TOKEN_MARKS[-1]} AND NEW.balance < OLD.balance "
        "OR NEW.period_start <> OLD.period_start"
    )
    body = _insert(dialect, "quota", QUOTA_PERCENTS, _reaches("m.mark"))
    body += _insert(dialect, "tokens", TOKEN_MARKS, _falls_below("m.mark"))
    if dialect == "postgresql":
        op.execute(
            "CREATE FUNCTION note_usage_alerts() RETURNS trigger LANGUAGE plpgsql AS $$ "
            f"BEGIN {body} RETURN NULL; END $$"
        )
        action = "EXECUTE FUNCTION note_usage_alerts()"
    else:
        action = f"BEGIN {body} END"
    op.execute(
        "CREATE TRIGGER user_token_balances_note_alerts "
        "AFTER UPDATE OF quota_used, balance ON user_token_balances "
        f"FOR EACH ROW WHEN ({when}) {action}"
    )


def upgrade() -> None:
    op.create_table(
        "usage_alerts",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("user_id", BigInt, nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("mark", sa.Integer(), nullable=False),
        sa.Column("period_start", UtcDateTime, nullable=False),
        sa.Column("period_end", UtcDateTime, nullable=False),
        sa.Column("quota_used", BigInt, nullable=False),
        sa.Column("quota_limit", BigInt, nullable=True),
        sa.Column("balance", BigInt, nullable=False),
        sa.Column("told_at", UtcDateTime, nullable=True),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.CheckConstraint("kind IN ('quota', 'tokens')", name=op.f("ck_usage_alerts_kind")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_usage_alerts_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_usage_alerts")),
        sa.UniqueConstraint(
            "user_id",
            "kind",
            "mark",
            "period_start",
            name=op.f("uq_usage_alerts_user_id_kind_mark_period_start"),
        ),
    )
    untold = sa.text("told_at IS NULL")
    op.create_index(
        "ix_usage_alerts_untold",
        "usage_alerts",
        ["id"],
        sqlite_where=untold,
        postgresql_where=untold,
    )
    op.create_table(
        "alert_settings",
        sa.Column("user_id", BigInt, nullable=False),
        sa.Column("quota_percent", sa.Integer(), nullable=True),
        sa.Column("tokens_below", sa.Integer(), nullable=True),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_alert_settings_user_id_users")
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_alert_settings")),
    )
    _create_trigger()


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER user_token_balances_note_alerts ON user_token_balances")
        op.execute("DROP FUNCTION note_usage_alerts()")
    else:
        op.execute("DROP TRIGGER user_token_balances_note_alerts")
    op.drop_table("alert_settings")
    op.drop_table("usage_alerts")
