"""What was put into an empty database once, to be in the next ones without the work."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Table, func, insert, select
from sqlalchemy.orm import Session

from billing import clock
from billing.database import db, transaction

Row = dict[str, Any]


@dataclass
class Rows:
    """The rows that `make` adds to an empty database; they are as new as the test they are for."""

    make: Callable[[], object]
    _known: dict[Table, list[Row]] = field(default_factory=dict)

    def put(self) -> bool:
        """Add them; returns whether it was `make` that did.

        It does the first time, and where the database is not empty.
        """
        with transaction() as session:
            is_empty = not _filled(session, self._known or db.metadata.sorted_tables)
            if is_empty and self._known:
                _insert(session, self._known)
                return False
        self.make()
        if is_empty:
            with transaction() as session:
                self._known = _filled(session, db.metadata.sorted_tables)
        return True


def _filled(session: Session, tables: Iterable[Table]) -> dict[Table, list[Row]]:
    found = {table: session.execute(select(table)).mappings().all() for table in tables}
    return {table: [dict(row) for row in rows] for table, rows in found.items() if rows}


def _insert(session: Session, known: dict[Table, list[Row]]) -> None:
    counts_apart = session.get_bind().dialect.name == "postgresql"
    for table, rows in known.items():
        session.execute(insert(table), [_as_new(row) for row in rows])
        if counts_apart and "id" in table.c:
            sequence = func.pg_get_serial_sequence(table.name, "id")
            session.execute(select(func.setval(sequence, max(row["id"] for row in rows))))


def _as_new(row: Row) -> Row:
    now = clock.now()
    return {name: now if isinstance(value, datetime) else value for name, value in row.items()}
