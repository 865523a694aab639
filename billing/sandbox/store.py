"""The sandbox's own SQLite file: one writer at a time, readers beside it."""

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from billing.sandbox.contract import Json

_SCHEMA = """
CREATE TABLE IF NOT EXISTS accounts (
    id TEXT PRIMARY KEY, api_key TEXT NOT NULL UNIQUE, created INTEGER NOT NULL,
    webhook_mode TEXT NOT NULL DEFAULT 'normal', billing TEXT NOT NULL DEFAULT '{}',
    time_offset INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE IF NOT EXISTS objects (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL, id TEXT NOT NULL,
    kind TEXT NOT NULL, created INTEGER NOT NULL, body TEXT NOT NULL, private TEXT NOT NULL,
    UNIQUE (account, id)
) STRICT;
CREATE INDEX IF NOT EXISTS objects_of_kind ON objects (account, kind, seq);
CREATE INDEX IF NOT EXISTS objects_of_customer
    ON objects (account, kind, json_extract(body, '$.customer'), seq);
CREATE INDEX IF NOT EXISTS objects_by_id ON objects (id);
CREATE INDEX IF NOT EXISTS test_clocks ON objects (id) WHERE kind = 'test_helpers.test_clock';
CREATE TABLE IF NOT EXISTS idempotency (
    account TEXT NOT NULL, key TEXT NOT NULL, fingerprint TEXT NOT NULL, status INTEGER NOT NULL,
    body TEXT NOT NULL, created INTEGER NOT NULL, PRIMARY KEY (account, key)
) STRICT;
CREATE TABLE IF NOT EXISTS deliveries (
    id INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL, event TEXT NOT NULL,
    endpoint TEXT NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
    next_at REAL NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (state, next_at);
CREATE INDEX IF NOT EXISTS deliveries_of_event ON deliveries (account, event);
CREATE TABLE IF NOT EXISTS attempts (
    delivery INTEGER NOT NULL REFERENCES deliveries (id), at REAL NOT NULL, status INTEGER,
    error TEXT, milliseconds INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS attempts_of_delivery ON attempts (delivery);
CREATE TABLE IF NOT EXISTS timers (
    id INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL, due REAL NOT NULL,
    action TEXT NOT NULL, object TEXT NOT NULL, clock TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS timers_due ON timers (due);
"""
# Columns that a file of an earlier version does not have yet.
_ADDED = (
    ("accounts", "billing", "TEXT NOT NULL DEFAULT '{}'"),
    ("accounts", "time_offset", "INTEGER NOT NULL DEFAULT 0"),
    ("timers", "clock", "TEXT"),
)


class Store:
    """Connections to one database file; each thread has its own."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._threads = threading.local()
        # SQLite's own busy wait polls; a lock hands the writer's turn over at once.
        self._writer = threading.RLock()
        with self.writing() as db:
            for statement in filter(str.strip, _SCHEMA.split(";")):
                db.execute(statement)
            for table, column, kind in _ADDED:
                known = {row["name"] for row in db.execute(f"PRAGMA table_info({table})")}
                if column not in known:
                    db.execute(f"ALTER TABLE {table} ADD COLUMN {column} {kind}")

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One atomic change: all of it is stored, or nothing."""
        with self._writer, self._transaction("BEGIN IMMEDIATE") as db:
            yield db

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """One consistent view."""
        with self._transaction("BEGIN") as db:
            yield db

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        db = self._connection()
        db.execute(begin)
        try:
            yield db
        except BaseException:
            db.execute("ROLLBACK")
            raise
        db.execute("COMMIT")

    def _connection(self) -> sqlite3.Connection:
        found: sqlite3.Connection | None = getattr(self._threads, "connection", None)
        if found is None:
            found = sqlite3.connect(self._path, isolation_level=None, timeout=30)
            found.row_factory = sqlite3.Row
            found.execute("PRAGMA journal_mode = WAL")
            found.execute("PRAGMA synchronous = NORMAL")
            self._threads.connection = found
        return found


class Objects:
    """The API objects of one account within one transaction."""

    def __init__(self, db: sqlite3.Connection, account: str) -> None:
        self._db, self._account = db, account

    def insert(self, body: Json, private: Json) -> None:
        self._db.execute(
            "INSERT INTO objects (account, id, kind, created, body, private)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (self._account, body["id"], body["object"], body.get("created", 0), json.dumps(body),
             json.dumps(private)),
        )  # fmt: skip

    def replace(self, body: Json) -> None:
        self._db.execute(
            "UPDATE objects SET body = ? WHERE account = ? AND id = ?",
            (json.dumps(body), self._account, body["id"]),
        )

    def delete(self, object_id: str) -> None:
        self._db.execute(
            "DELETE FROM objects WHERE account = ? AND id = ?", (self._account, object_id)
        )

    def find(self, object_id: str) -> Json | None:
        row = self._db.execute(
            "SELECT body FROM objects WHERE account = ? AND id = ?", (self._account, object_id)
        ).fetchone()
        return None if row is None else json.loads(row["body"])

    def private(self, object_id: str) -> Json:
        """What we remember of an object but never send."""
        row = self._db.execute(
            "SELECT private FROM objects WHERE account = ? AND id = ?", (self._account, object_id)
        ).fetchone()
        found: Json = json.loads(row["private"])
        return found

    def set_private(self, object_id: str, private: Json) -> None:
        self._db.execute(
            "UPDATE objects SET private = ? WHERE account = ? AND id = ?",
            (json.dumps(private), self._account, object_id),
        )

    def position(self, object_id: str) -> int | None:
        row = self._db.execute(
            "SELECT seq FROM objects WHERE account = ? AND id = ?", (self._account, object_id)
        ).fetchone()
        return None if row is None else int(row["seq"])

    def select(
        self, kind: str, where: list[str], values: list[Any], *, order: str, limit: int
    ) -> list[Json]:
        """Bodies of one kind. `where` holds SQL conditions over `body` and `seq`."""
        conditions = " AND ".join(["account = ?", "kind = ?", *where])
        rows = self._db.execute(
            f"SELECT body FROM objects WHERE {conditions} ORDER BY seq {order} LIMIT ?",  # noqa: S608
            [self._account, kind, *values, limit],
        )
        return [json.loads(row["body"]) for row in rows]

    def all(self, kind: str, **equal: str) -> list[Json]:
        """Every object of a kind whose top-level fields have these values, oldest first."""
        where = [f"json_extract(body, '$.{field}') = ?" for field in equal]
        return self.select(kind, where, list(equal.values()), order="ASC", limit=-1)
