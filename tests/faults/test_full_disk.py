"""T9: the database's disk fills up under load; with room again, the same charges go through."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask_migrate import upgrade

from billing import create_app
from billing.database import db
from tests.databases import Databases
from tests.faults.deployment import Deployment
from tests.faults.postgres import PostgresProcess
from tests.faults.report import Report
from tests.postgres_server import NOBODY
from tests.sandbox.visitor import visit
from tests.settings import make_settings
from tests.worker_database import database_of, execute

LARGE, ROOM_BYTES = 256 << 20, 400 << 10


@dataclass(frozen=True)
class Disk:
    """A file system in memory, whose size is ours to say."""

    path: Path

    @property
    def used(self) -> int:
        found = os.statvfs(self.path)
        return (found.f_blocks - found.f_bfree) * found.f_frsize

    def resize(self, size: int) -> None:
        subprocess.run(["mount", "-o", f"remount,size={size}", self.path], check=True)


@pytest.fixture
def disk(report: Report) -> Iterator[Disk]:
    # Where PostgreSQL's user may pass, who may not enter a test's own directory.
    path = Path(tempfile.mkdtemp(prefix="billhook-disk-"))
    mount = ["mount", "-t", "tmpfs", "-o", f"size={LARGE},mode=755", "tmpfs", str(path)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        report.add("the database's disk is full", {"NOT TRIED": "root mounts the disk"}, lost=0)
        pytest.skip("a small disk is mounted by root")
    yield Disk(path)
    # The database may still hold its files for a moment.
    subprocess.run(["umount", "--lazy", path], check=True)
    path.rmdir()


@pytest.fixture
def database(
    request: pytest.FixtureRequest, database_kind: str, databases: Databases, disk: Disk
) -> Iterator[str]:
    """A migrated database on that disk."""
    if database_kind == "sqlite":
        with databases.migrated(database_kind, disk.path) as url:
            yield url
        return
    server: PostgresProcess = request.getfixturevalue("postgresql")
    space = disk.path / "space"
    space.mkdir(mode=0o700)
    os.chown(space, NOBODY, NOBODY)
    execute(server.url, f"CREATE TABLESPACE small LOCATION '{space}'")
    execute(server.url, "CREATE DATABASE on_small_disk TABLESPACE small")
    url = database_of(server.url, "on_small_disk")
    with create_app(make_settings(database_url=url)).app_context():
        upgrade()
        db.engine.dispose()
    yield url
    execute(server.url, "DROP DATABASE on_small_disk WITH (FORCE)")
    execute(server.url, "DROP TABLESPACE small")


def test_the_disk_is_full_under_load(
    deployment: Deployment, disk: Disk, database_kind: str, report: Report
) -> None:
    base_url = deployment.web.settings.base_url
    with deployment.load() as load:
        load.wait_for(20)
        disk.resize(disk.used + ROOM_BYTES)
        load.wait_for(30, status=503)
        alive, ready = (visit(f"{base_url}{path}") for path in ("/healthz", "/readyz"))
        disk.resize(LARGE)
        load.wait_for(50)
    ready_again = visit(f"{base_url}/readyz")

    figures = {
        "charges": len(load.receipts),
        "503": load.statuses[503],
        "readyz": f"{ready.status}, then {ready_again.status}",
    }
    assert (200, 503, 200) == (alive.status, ready.status, ready_again.status)
    assert "disk is full" in ready.text
    report.add(f"the disk of {database_kind} is full", figures, lost=deployment.lost(load))
