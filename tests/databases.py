"""The databases of a test run: both kinds, made here, migrated once, copied for every test."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from uuid import uuid4

from flask_migrate import upgrade
from sqlalchemy.engine import make_url

from billing import create_app
from billing.database import db
from tests.settings import make_settings
from tests.worker_database import WorkerDatabase, database_of, execute

KINDS = ("sqlite", "postgresql")
SERVER = Path(__file__).with_name("postgres_server.py")
STARTED = "postgresql.started"
TEMPLATE = "billing_template"
STOP_SECONDS = 20


@dataclass(frozen=True)
class Databases:
    """This run's templates, shared by its workers through a directory with a lock."""

    directory: Path
    owner_pid: int

    @contextmanager
    def migrated(self, kind: str, directory: Path) -> Iterator[str]:
        """Lend the URL of a new database of that kind, migrated to the head."""
        if kind == "sqlite":
            path = directory / "billing.db"
            shutil.copyfile(self._once("template.db", self._make_sqlite_template), path)
            yield f"sqlite:///{path}"
            return
        self._once("template.postgresql", self._make_postgresql_template)
        lent = _worker_database(self._server_url())
        yield lent.url
        lent.clean()

    @contextmanager
    def empty(self, kind: str, directory: Path) -> Iterator[str]:
        """Lend the URL of a new database of that kind, without any table."""
        if kind == "sqlite":
            yield f"sqlite:///{directory / 'empty.db'}"
            return
        server_url = self._server_url()
        name = f"test_{uuid4().hex}"
        execute(server_url, f"CREATE DATABASE {name} TEMPLATE template0")
        try:
            yield database_of(server_url, name)
        finally:
            execute(server_url, f"DROP DATABASE {name} WITH (FORCE)")

    def _make_sqlite_template(self, path: Path) -> None:
        _migrate(f"sqlite:///{path}")

    def _make_postgresql_template(self, path: Path) -> None:
        server_url = self._server_url()
        execute(server_url, f"DROP DATABASE IF EXISTS {TEMPLATE} WITH (FORCE)")
        execute(server_url, f"CREATE DATABASE {TEMPLATE}")
        _migrate(database_of(server_url, TEMPLATE))
        path.touch()

    def _server_url(self) -> str:
        _pid, server_url = self._once(STARTED, self._start_server).read_text().split()
        return server_url

    def _start_server(self, path: Path) -> None:
        started = subprocess.run(
            [sys.executable, SERVER, str(self.owner_pid)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        path.write_text(started.stdout)

    def _once(self, name: str, make: Callable[[Path], None]) -> Path:
        """Return the file of that name, made by the first worker that asks."""
        made, draft = self.directory / name, self.directory / f"draft-{name}"
        with (self.directory / f"lock-{name}").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not made.exists():
                make(draft)
                draft.rename(made)
        return made


def read_started(directory: Path) -> str | None:
    """Return what the run's server said at its start, if a test needed one."""
    started = directory / STARTED
    return started.read_text() if started.exists() else None


def stop_postgresql(started: str | None) -> None:
    """Stop the run's server and wait until its files are gone."""
    if started is None:
        return
    pid, server_url = started.split()
    # It may have ended already: it follows the process that started it.
    with suppress(ProcessLookupError):
        os.kill(int(pid), signal.SIGTERM)
    home = Path(str(make_url(server_url).query["host"]))
    deadline = time.monotonic() + STOP_SECONDS
    while home.exists() and time.monotonic() < deadline:
        time.sleep(0.02)


def _migrate(database_url: str) -> None:
    app = create_app(make_settings(database_url=database_url))
    with app.app_context():
        upgrade()
        db.engine.dispose()


@cache
def _worker_database(server_url: str) -> WorkerDatabase:
    return WorkerDatabase(server_url, f"worker_{os.getpid()}", TEMPLATE)
