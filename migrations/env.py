"""Runs the migrations: one transaction under one lock, so that two starts never collide."""

from collections.abc import Iterator
from contextlib import contextmanager

from alembic import context
from flask import current_app
from sqlalchemy import Connection, text

MIGRATION_LOCK = 4_207_001
"""Any number that no other advisory lock of the database uses."""


def take_lock(connection: Connection) -> None:
    """Let one process migrate at a time, and let no table lock hold up the running release."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL lock_timeout = 0"))
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"))
        connection.execute(text("SET LOCAL lock_timeout = '5s'"))


@contextmanager
def foreign_keys_off(connection: Connection) -> Iterator[None]:
    """Let SQLite rebuild a table: the old one is dropped, and its rows' children must not mind."""
    if connection.dialect.name != "sqlite":
        yield
        return
    driver = connection.connection.driver_connection
    driver.execute("PRAGMA foreign_keys = OFF")
    try:
        yield
    finally:
        connection.rollback()
        driver.execute("PRAGMA foreign_keys = ON")


def run_migrations() -> None:
    migrate = current_app.extensions["migrate"]
    engine = migrate.db.engine
    with (
        engine.connect().execution_options(writes=True) as connection,
        foreign_keys_off(connection),
    ):
        context.configure(
            connection=connection,
            target_metadata=migrate.db.metadata,
            transactional_ddl=True,
            **migrate.configure_args,
        )
        with context.begin_transaction():
            take_lock(connection)
            context.run_migrations()


run_migrations()
