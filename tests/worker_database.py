"""A worker's own PostgreSQL database: made from the template once, emptied after each test."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg
from sqlalchemy.engine import make_url

END_OTHER_SESSIONS = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
# An empty table costs a look at its first page, a TRUNCATE of it several files.
EMPTY = """
DO $$
DECLARE
    name text;
    is_filled boolean;
    filled text[] := '{}';
    numbered regclass;
BEGIN
    FOR name IN SELECT quote_ident(tablename) FROM pg_tables
        WHERE schemaname = 'public' AND tablename <> 'alembic_version'
    LOOP
        EXECUTE 'SELECT EXISTS (SELECT FROM ' || name || ')' INTO is_filled;
        IF is_filled THEN filled := filled || name; END IF;
    END LOOP;
    IF filled <> '{}' THEN
        EXECUTE 'TRUNCATE ' || array_to_string(filled, ', ') || ' CASCADE';
    END IF;
    FOR numbered IN SELECT format('%I.%I', schemaname, sequencename) FROM pg_sequences
        WHERE last_value IS NOT NULL
    LOOP
        PERFORM setval(numbered, 1, false);
    END LOOP;
END $$
"""
# What a test may take away, to see that `verify` notices: triggers, constraints, indexes.
SHAPE = """
SELECT (SELECT count(*) FROM pg_trigger WHERE tgenabled = 'O'),
    (SELECT count(*) FROM pg_constraint),
    (SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace)
"""


@dataclass
class WorkerDatabase:
    """Lent to one test after the other; `clean` gives the next one what the template has."""

    server_url: str
    name: str
    template: str

    def __post_init__(self) -> None:
        self.url = database_of(self.server_url, self.name)
        self._create()

    def clean(self) -> None:
        """Empty every table and start every count anew; make it again where its shape changed."""
        with psycopg.connect(plain(self.url), autocommit=True) as connection:
            connection.execute(END_OTHER_SESSIONS)
            connection.execute(EMPTY)
            is_whole = connection.execute(SHAPE).fetchone() == self._shape
        if not is_whole:
            self._create()

    def _create(self) -> None:
        execute(self.server_url, f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")
        execute(self.server_url, f"CREATE DATABASE {self.name} TEMPLATE {self.template}")
        with psycopg.connect(plain(self.url), autocommit=True) as connection:
            self._shape = connection.execute(SHAPE).fetchone()


def database_of(server_url: str, name: str) -> str:
    """Return the server's URL with another database."""
    return make_url(server_url).set(database=name).render_as_string(hide_password=False)


def execute(server_url: str, statement: str) -> None:
    """Run one statement on the server, outside of any transaction."""
    with psycopg.connect(plain(server_url), autocommit=True) as connection:
        connection.execute(statement.encode())


def plain(url: str) -> str:
    """Return the URL as psycopg takes it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
