"""T17, T18: migrating while others migrate, while clients charge, and before or after the code."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from flask_migrate import downgrade

from billing.database import db
from billing.settings import PROJECT_ROOT
from tests.databases import Databases
from tests.faults.deployment import Deployment
from tests.faults.postgres import PostgresProcess
from tests.faults.report import Report
from tests.sandbox.visitor import visit
from tests.worker_database import database_of, execute

PROCESSES = 3
NEXT = '''
"""What a later release adds."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "9999", {head!r}


def upgrade() -> None:
    op.create_table("later", sa.Column("id", sa.Integer(), primary_key=True))
    op.add_column("ai_requests", sa.Column("later", sa.String(20), nullable=True))
    op.add_column("user_token_balances", sa.Column("later", sa.Integer(), server_default="0"))
    op.create_index("ix_users_created_at", "users", ["created_at"])
'''


def begin_upgrade(database_url: str, *options: str) -> subprocess.Popen[bytes]:
    """Start `flask db upgrade`."""
    return subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", "wsgi", "db", "upgrade", *options],
        cwd=PROJECT_ROOT,
        env=os.environ | {"DATABASE_URL": database_url, "LOG_LEVEL": "ERROR"},
        stdout=subprocess.DEVNULL,
    )


@pytest.fixture
def empty_database(
    request: pytest.FixtureRequest, database_kind: str, databases: Databases, tmp_path: Path
) -> str:
    """A database without any table."""
    if database_kind == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    server: PostgresProcess = request.getfixturevalue("postgresql")
    execute(server.url, "DROP DATABASE IF EXISTS empty WITH (FORCE)")
    execute(server.url, "CREATE DATABASE empty")
    return database_of(server.url, "empty")


def test_three_processes_migrate_at_once(
    empty_database: str, database_kind: str, report: Report
) -> None:
    migrating = [begin_upgrade(empty_database) for _ in range(PROCESSES)]
    codes = [each.wait(120) for each in migrating]

    figures = {"processes": PROCESSES, "succeeded": codes.count(0)}
    name = f"{PROCESSES} migrate at once, {database_kind}"
    report.add(name, figures, lost=PROCESSES - codes.count(0))


def later_release(directory: Path, head: str) -> Path:
    """Return the migrations of a release that comes after this one."""
    migrations = directory / "migrations"
    shutil.copytree(PROJECT_ROOT / "migrations", migrations)
    (migrations / "versions" / "9999_later.py").write_text(NEXT.format(head=head))
    return migrations


def test_a_later_release_migrates_under_load(
    deployment: Deployment, database_kind: str, report: Report, tmp_path: Path
) -> None:
    settings = deployment.web.settings
    migrations = later_release(tmp_path, deployment.revision())
    with deployment.load() as load:
        load.wait_for(50)
        began = time.monotonic()
        code = begin_upgrade(settings.database_url, "-d", str(migrations)).wait(120)
        took = time.monotonic() - began
        load.wait_for(50)
    ready = visit(f"{settings.base_url}/readyz").status

    assert (0, 200, "9999") == (code, ready, deployment.revision())
    figures = {
        "charges": len(load.receipts),
        "failed": load.retried,
        "slowest answer": f"{load.slowest:.2f} s",
        "migration": f"{took:.1f} s",
        "readyz": ready,
    }
    name = f"a migration under load, {database_kind}"
    report.add(name, figures, lost=load.retried + deployment.lost(load))


def test_this_release_waits_for_its_migration(
    deployment: Deployment, database_kind: str, report: Report
) -> None:
    settings, head = deployment.web.settings, deployment.revision()
    downgrade()
    db.engine.dispose()
    old = deployment.revision()
    before = visit(f"{settings.base_url}/readyz")
    code = begin_upgrade(settings.database_url).wait(120)
    after = visit(f"{settings.base_url}/readyz")
    with deployment.load() as load:
        load.wait_for(50)

    assert f"the database is at migration {old}, this release needs {head}" in before.html
    assert (0, 503, 200) == (code, before.status, after.status)
    figures = {"readyz": "503, then 200", "charges": len(load.receipts)}
    report.add(f"new code on the old schema, {database_kind}", figures, lost=deployment.lost(load))
