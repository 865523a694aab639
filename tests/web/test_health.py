"""`/readyz`: whether the database is there, whole, writable, and migrated for this release."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.engine import make_url

from billing.database import db
from billing.settings import Settings


def readiness(app: Flask) -> tuple[int, list[str]]:
    answer = app.test_client().get("/readyz")
    return answer.status_code, answer.get_json()["problems"]


def current_revision() -> str:
    with db.engine.connect() as connection:
        return str(connection.scalar(text("SELECT version_num FROM alembic_version")))


def write_revision(revision: str) -> None:
    with db.engine.connect().execution_options(writes=True) as connection, connection.begin():
        connection.execute(text("UPDATE alembic_version SET version_num = :it"), {"it": revision})


@pytest.fixture
def say_migrated_to(app: Flask) -> Iterator[Callable[[str], None]]:
    """Have the database say that it is at a revision; the next test's is as it was."""
    head = current_revision()
    yield write_revision
    write_revision(head)


def test_a_migrated_database_is_ready(app: Flask) -> None:
    assert (200, []) == readiness(app)


def test_a_database_that_lags_behind_is_named_with_both_revisions(
    app: Flask, say_migrated_to: Callable[[str], None]
) -> None:
    say_migrated_to("0031")
    status, (problem,) = readiness(app)

    assert 503 == status
    assert problem.startswith("the database is at migration 0031, this release needs ")


def test_a_database_of_a_later_release_is_ready(
    app: Flask, say_migrated_to: Callable[[str], None]
) -> None:
    say_migrated_to("9999")

    assert (200, []) == readiness(app)


@pytest.mark.one_database
def test_a_truncated_file_is_called_damaged(app: Flask, settings: Settings) -> None:
    file = Path(make_url(settings.database_url).database or "")
    db.session.remove()
    db.engine.dispose()
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])

    assert (503, ["the database file is damaged: restore it from a backup"]) == readiness(app)
