"""Triggers with which the database itself refuses to change what must stand for ever."""

from alembic import op

REFUSAL_FUNCTION = "refuse_change"


def create_refusal_function() -> None:
    """Create the function that PostgreSQL's triggers call; SQLite needs none."""
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute(
        f"""
        CREATE FUNCTION {REFUSAL_FUNCTION}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
        END $$
        """
    )


def drop_refusal_function() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"DROP FUNCTION {REFUSAL_FUNCTION}()")


def refuse_changes(table: str, *, columns: tuple[str, ...] = ()) -> None:
    """Make the table refuse DELETE, and UPDATE of the columns (all of them by default)."""
    update = f"UPDATE OF {', '.join(columns)}" if columns else "UPDATE"
    for suffix, operation in (("update", update), ("delete", "DELETE")):
        if op.get_bind().dialect.name == "postgresql":
            body = f"EXECUTE FUNCTION {REFUSAL_FUNCTION}()"
        else:
            body = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        op.execute(
            f"CREATE TRIGGER {table}_refuse_{suffix} BEFORE {operation} ON {table} "
            f"FOR EACH ROW {body}"
        )


def allow_changes(table: str) -> None:
    """Drop what `refuse_changes` made."""
    on_table = f" ON {table}" if op.get_bind().dialect.name == "postgresql" else ""
    for suffix in ("update", "delete"):
        op.execute(f"DROP TRIGGER {table}_refuse_{suffix}{on_table}")
