"""A worker's own PostgreSQL database: made from the template once, emptied after each test."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg
from sqlalchemy.engine import make_url

END_OTHER_SESSIONS = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
# A few rows are deleted faster than files are cut; what grew long is cut all the same. As a replica
# a server minds neither triggers nor keys.
EMPTY = """
DO $$
DECLARE
    name regclass;
    is_filled boolean;
    long text[] := '{}';
    numbered regclass;
BEGIN
    SET LOCAL session_replication_role = replica;
    FOR name IN SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
        WHERE schemaname = 'public' AND tablename <> 'alembic_version'
    LOOP
        IF pg_relation_size(name) > 200000 THEN
            long := long || name::text;
        ELSIF pg_relation_size(name) > 0 THEN
            EXECUTE 'DELETE FROM ' || name;
        END IF;
    END LOOP;
    IF long <> '{}' THEN
        EXECUTE 'TRUNCATE ' || array_to_string(long, ', ') || ' CASCADE';
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
        self._cleaner.execute(END_OTHER_SESSIONS)
        self._cleaner.execute(EMPTY)
        if self._cleaner.execute(SHAPE).fetchone() != self._shape:
            self._cleaner.close()
            self._create()

    def _create(self) -> None:
        execute(self.server_url, f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")
        execute(self.server_url, f"CREATE DATABASE {self.name} TEMPLATE {self.template}")
        # One for all tests: a new connection has every table to learn.
        self._cleaner = psycopg.connect(plain(self.url), autocommit=True)
        self._shape = self._cleaner.execute(SHAPE).fetchone()


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
