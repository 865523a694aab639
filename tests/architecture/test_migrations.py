"""The migrations lead to the models and back, with rows, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory
from flask import Flask, current_app
from flask_migrate import check, downgrade, upgrade

from billing import create_app
from billing.database import db
from tests.architecture.rows import insert_row
from tests.databases import Databases
from tests.settings import make_settings

BOOKKEEPING = "alembic_version"


@pytest.fixture
def empty_app(database_kind: str, databases: Databases, tmp_path: Path) -> Iterator[Flask]:
    """An app over a database without any table."""
    with databases.empty(database_kind, tmp_path) as url:
        app = create_app(make_settings(database_url=url))
        with app.app_context():
            yield app
            db.engine.dispose()


def revisions() -> list[str]:
    """Return every revision, the first one first."""
    config = current_app.extensions["migrate"].migrate.get_config()
    scripts = ScriptDirectory.from_config(config).walk_revisions()
    return [script.revision for script in scripts][::-1]


def row_counts() -> dict[str, int]:
    """Return how many rows each table has."""
    with db.engine.connect() as connection:
        return _count(connection)


def _count(connection: sa.Connection) -> dict[str, int]:
    names = [name for name in sa.inspect(connection).get_table_names() if name != BOOKKEEPING]
    counts = {name: sa.select(sa.func.count()).select_from(sa.table(name)) for name in names}
    return {name: connection.scalar(count) or 0 for name, count in counts.items()}


def fill_empty_tables() -> None:
    """Insert a row into each table that has none."""
    with db.engine.connect().execution_options(writes=True) as connection, connection.begin():
        empty = [name for name, rows in _count(connection).items() if rows == 0]
        metadata = sa.MetaData()
        # With none to name, all would be read.
        metadata.reflect(connection, only=empty or [BOOKKEEPING])
        for table in metadata.sorted_tables:
            if table.name in empty:
                insert_row(connection, table)


def step_up(revision: str) -> None:
    upgrade(revision=revision)
    fill_empty_tables()


def counts_after_step_down(revision: str) -> dict[str, int]:
    downgrade(revision=revision)
    return row_counts()


@pytest.mark.usefixtures("app")
def test_migrated_schema_is_the_models_schema() -> None:
    check()


@pytest.mark.usefixtures("app")
def test_migrations_are_one_line_to_one_head() -> None:
    numbers = [int(revision) for revision in revisions()]

    assert numbers == sorted(set(numbers))


@pytest.mark.usefixtures("empty_app")
def test_rows_survive_every_step_up_and_down() -> None:
    for revision in revisions():
        step_up(revision)
    at_head = row_counts()
    on_the_way_down = [
        counts_after_step_down(revision) for revision in ["base", *revisions()[:-1]][::-1]
    ]
    upgrade()

    assert set(at_head.values()) == {1}
    assert [set(counts.values()) for counts in on_the_way_down[:-1]] == [{1}] * (
        len(on_the_way_down) - 1
    )
    assert on_the_way_down[-1] == {}
    check()
