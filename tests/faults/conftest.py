"""A database that keeps its promises, the app as a process over it, and the table at the end."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from flask import Flask
from flask_migrate import upgrade

from billing import create_app
from billing.database import db
from billing.settings import Settings
from tests.databases import Databases
from tests.faults.deployment import Deployment
from tests.faults.postgres import PostgresProcess
from tests.faults.report import Report
from tests.settings import make_settings
from tests.web_process import WebProcess
from tests.worker_database import database_of, execute

REPORT = pytest.StashKey[Report]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[REPORT] = Report()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    report = terminalreporter.config.stash[REPORT]
    if report.lines:
        terminalreporter.section("faults")
        for line in report.table():
            terminalreporter.write_line(line)


@pytest.fixture
def report(pytestconfig: pytest.Config) -> Report:
    return pytestconfig.stash[REPORT]


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresProcess]:
    """A durable PostgreSQL of this suite's own; a test that stops it starts it again."""
    process = PostgresProcess.create()
    yield process
    process.remove()


@pytest.fixture
def database(
    request: pytest.FixtureRequest, database_kind: str, databases: Databases, tmp_path: Path
) -> Iterator[str]:
    """The URL of this test's own migrated database; a PostgreSQL's is durable here."""
    if database_kind == "sqlite":
        with databases.migrated(database_kind, tmp_path) as url:
            yield url
        return
    server: PostgresProcess = request.getfixturevalue("postgresql")
    name = f"test_{uuid4().hex}"
    execute(server.url, f"CREATE DATABASE {name}")
    url = database_of(server.url, name)
    with create_app(make_settings(database_url=url)).app_context():
        upgrade()
        db.engine.dispose()
    yield url
    execute(server.url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A free port that the app's process takes over."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        yield probe


@pytest.fixture
def web(settings: Settings, listener: socket.socket, tmp_path: Path) -> Iterator[WebProcess]:
    """The app in a process of its own, not started yet."""
    listener.close()
    process = WebProcess(settings, tmp_path / "web.log")
    yield process
    process.kill()


@pytest.fixture
def deployment(web: WebProcess, app: Flask) -> Deployment:
    """The app with its people, serving."""
    made = Deployment(web, app)
    web.start()
    return made
