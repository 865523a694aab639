"""The database: the one `db`, the names of constraints, and `transaction()`, the only commit."""

import select
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from flask import Flask, current_app
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Connection,
    DateTime,
    Dialect,
    Engine,
    Integer,
    MetaData,
    event,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import TypeDecorator
from sqlalchemy.util import ScopedRegistry

from billing.driver import Driver

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
BUSY_TIMEOUT_MILLISECONDS = 10_000
PAGES_PER_CHECKPOINT = 10_000
"""40 MB of SQLite's log: ten times the default, so that a page is written back for more charges."""
DRIVER = "billing_driver"
MAX_AMOUNT = 10**15
"""The largest count of tokens or minor units that a column takes: far below 2**53 and 2**63."""

# Alembic compares CHECK constraints only when this plugin is named.
AUTOGENERATE_PLUGINS = ["alembic.autogenerate.*", "alembic.ext.checkconstraint_byname"]

BigInt = BigInteger().with_variant(Integer, "sqlite")
"""A 64-bit integer; SQLite numbers rows by itself only in a column called INTEGER."""


class Base(DeclarativeBase):
    """The declarative base; every constraint gets its name from the convention."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)


db = SQLAlchemy(model_class=Base)
migrate = Migrate()

if TYPE_CHECKING:
    Model = Base
else:
    Model = db.Model


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC moment; a naive one is refused rather than guessed."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(
        self,
        value: datetime | None,
        dialect: Dialect,  # noqa: ARG002 - SQLAlchemy's signature
    ) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def one_of(column: str, choices: type[StrEnum]) -> CheckConstraint:
    """Return a CHECK that the text column holds one of the enum's values."""
    values = ", ".join(f"'{choice.value}'" for choice in choices)
    return CheckConstraint(f"{column} IN ({values})", name=column)


def init_app(app: Flask, database_url: str) -> None:
    """Bind `db` and the migrations to the app."""
    app.config["SQLALCHEMY_DATABASE_URI"] = _with_driver(database_url)
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = _engine_options(database_url)
    db.init_app(app)
    migrate.init_app(
        app,
        db,
        render_as_batch=True,
        compare_type=True,
        autogenerate_plugins=AUTOGENERATE_PLUGINS,
    )
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            _make_sqlite_transactional(db.engine)
        else:
            _drop_closed_connections(db.engine)
        app.extensions[DRIVER] = Driver(db.engine)


def _with_driver(database_url: str) -> str:
    scheme, separator, rest = database_url.partition("://")
    if scheme in {"postgres", "postgresql"}:
        scheme = "postgresql+psycopg"
    return f"{scheme}{separator}{rest}"


def _engine_options(database_url: str) -> dict[str, Any]:
    if database_url.startswith("sqlite"):
        return {"hide_parameters": True}
    timeouts = "-c statement_timeout=15000 -c lock_timeout=10000 -c timezone=UTC"
    return {
        "hide_parameters": True,
        "connect_args": {"connect_timeout": 3, "options": timeouts},
    }


def _drop_closed_connections(engine: Engine) -> None:
    """Take a new connection where the server has closed the pooled one.

    Between statements a server says nothing: a socket that can be read is at its end. Asking the
    socket costs no round trip, `pool_pre_ping` costs one at every checkout.
    """

    @event.listens_for(engine, "checkout")
    def _check(connection: Any, _record: object, _pooled: object) -> None:
        poll = select.poll()
        poll.register(connection.fileno(), select.POLLIN)
        if poll.poll(0):
            raise InvalidatePoolError("the server has closed the connection")


def _make_sqlite_transactional(engine: Engine) -> None:
    """Take BEGIN from the driver, so that writers queue up at its start and lose no update."""

    @event.listens_for(engine, "do_connect")
    def _keep_private(_dialect: object, _record: object, arguments: Any, _options: object) -> None:
        """Only the owner reads the file; SQLite gives those beside it the same rights."""
        if arguments[0] != ":memory:":
            Path(arguments[0]).touch(mode=0o600)

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MILLISECONDS}")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute(f"PRAGMA wal_autocheckpoint = {PAGES_PER_CHECKPOINT}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def driver() -> Driver:
    """Return the driver's own connections to the app's database."""
    found: Driver = current_app.extensions[DRIVER]
    return found


def insert_into(model: type[Base]) -> postgresql.Insert:
    """Return an INSERT that knows ON CONFLICT; both databases write it alike."""
    insert = sqlite.insert if db.engine.dialect.name == "sqlite" else postgresql.insert
    return cast("postgresql.Insert", insert(model))


def driver_at_rest() -> Driver | None:
    """Return the driver's own connections, but None while a `transaction()` is open here.

    What the session has read is read again on the next access.

    Raises:
        RuntimeError: there are changes that were made outside of any transaction.
    """
    session = session_at_hand()
    if session is not None:
        if "transaction" in session.info:
            return None
        _end_reading(session)
    return driver()


def session_at_hand() -> Session | None:
    """Return the session of this context; None where nothing has asked for one yet."""
    # One look for what `registry.has()` and `db.session()` find in two.
    sessions = cast("ScopedRegistry[Session]", db.session.registry)
    found: Session | None = sessions.registry.get(sessions.scopefunc())
    return found


def in_transaction() -> bool:
    """Return whether a `transaction()` is open in this context."""
    session = session_at_hand()
    return session is not None and "transaction" in session.info


def _end_reading(session: Session) -> None:
    # A session that has changed or read anything has begun a transaction by that.
    if session.in_transaction():
        if session.new or session.dirty or session.deleted:
            raise RuntimeError("changes were made outside of transaction()")
        session.rollback()


@contextmanager
def transaction() -> Iterator[Session]:
    """Begin a transaction, or join the one that is open; the outermost commits or rolls back.

    What was read before is read again inside: rows loaded earlier are expired at the start, so
    no decision rests on an old value.

    Raises:
        RuntimeError: there are changes that were made outside of any transaction.
    """
    session = db.session()
    if "transaction" in session.info:
        yield session
        return
    _end_reading(session)
    session.info["transaction"] = True
    try:
        session.connection(execution_options={"writes": True})
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        session.info.pop("transaction", None)
