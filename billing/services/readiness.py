"""Readiness: whether the database is there, whole, writable, and migrated for this release."""

import structlog
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError, SQLAlchemyError
from sqlalchemy.orm import Session

from billing.database import transaction
from billing.observability.timing import log_service_operation
from billing.settings import PROJECT_ROOT

log = structlog.get_logger(__name__)

AWAY = "the database does not answer"
DAMAGED = "the database file is damaged: restore it from a backup"
FULL = "the database's disk is full"
# By SQLite's name of the error, or PostgreSQL's number.
KNOWN = {
    "SQLITE_CORRUPT": DAMAGED,
    "SQLITE_NOTADB": DAMAGED,
    "SQLITE_FULL": FULL,
    "53100": FULL,
}


@log_service_operation
def problems() -> list[str]:
    """Return what keeps us from serving, in words for the operator; empty when all is well."""
    try:
        with transaction() as session:
            _write(session)
            current = MigrationContext.configure(session.connection()).get_current_revision()
    except SQLAlchemyError as error:
        log.exception("readiness.database_away")
        return [_problem(error)]
    return _lag(current)


def _write(session: Session) -> None:
    """Have the database write, which a full or locked disk refuses; it changes nothing.

    PostgreSQL sorts more than it may keep in memory, in a file beside the database's own.
    """
    if session.get_bind().dialect.name == "sqlite":
        session.execute(text("PRAGMA user_version = 0"))
    else:
        session.execute(text("SET LOCAL work_mem = '64kB'"))
        session.execute(text("SELECT count(*) FROM generate_series(1, 20000)"))


def _problem(error: SQLAlchemyError) -> str:
    cause = error.orig if isinstance(error, DatabaseError) else None
    code = getattr(cause, "sqlite_errorname", None) or getattr(cause, "sqlstate", None)
    return AWAY if code is None else KNOWN.get(code, AWAY)


def _lag(current: str | None) -> list[str]:
    """Compare with the migrations that this release knows.

    One that it does not know is of a later release, which only adds to what is there: this one
    goes on serving until it is replaced.
    """
    scripts = ScriptDirectory(str(PROJECT_ROOT / "migrations"))
    known, head = (
        {script.revision for script in scripts.walk_revisions()},
        scripts.get_current_head(),
    )
    if current == head or (current is not None and current not in known):
        return []
    return [f"the database is at migration {current}, this release needs {head}"]
