"""Readiness: whether the database is there, writable, and at this release's migrations."""

import structlog
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import SQLAlchemyError

from billing.database import transaction
from billing.observability.timing import log_service_operation
from billing.settings import PROJECT_ROOT

log = structlog.get_logger(__name__)


@log_service_operation
def problems() -> list[str]:
    """Return what keeps us from serving, in words for the operator; empty when all is well."""
    try:
        # A transaction that writes: SQLite on a full or locked disk refuses it here.
        with transaction() as session:
            current = MigrationContext.configure(session.connection()).get_current_revision()
    except SQLAlchemyError:
        log.exception("readiness.database_away")
        return ["the database does not answer"]
    head = ScriptDirectory(str(PROJECT_ROOT / "migrations")).get_current_head()
    if current != head:
        return [f"the database is at migration {current}, this release needs {head}"]
    return []
