"""How many statements a block sends to the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event

from billing.database import db


@contextmanager
def recorded() -> Iterator[list[str]]:
    """Yield the list that the block's statements are written to; BEGIN asks nothing."""
    statements: list[str] = []

    def write(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement != "BEGIN":
            statements.append(statement)

    event.listen(db.engine, "before_cursor_execute", write)
    try:
        yield statements
    finally:
        event.remove(db.engine, "before_cursor_execute", write)
