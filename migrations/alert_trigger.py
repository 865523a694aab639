"""The trigger with which revisions 0024 to 0031 noted the marks that a user reached."""

from alembic import op

# As in billing/domain/alerts.py at the time of revision 0024.
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


def create() -> None:
    """Create the trigger, and the function that PostgreSQL's calls."""
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


def drop() -> None:
    """Drop what `create` made."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER user_token_balances_note_alerts ON user_token_balances")
        op.execute("DROP FUNCTION note_usage_alerts()")
    else:
        op.execute("DROP TRIGGER user_token_balances_note_alerts")
