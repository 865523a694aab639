"""Touches: which rows a piece of work made or changed, for who wants to know it later."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

from sqlalchemy import event, inspect
from sqlalchemy.orm import Session

from billing.models import WebhookEvent

Touch: TypeAlias = dict[str, Any]
"""A row: its `table`, its `id`, and whether it was `made`."""


@contextmanager
def noted(session: Session) -> Iterator[list[Touch]]:
    """Lend a list that fills with each row which the session writes meanwhile.

    Args:
        session: of the open transaction; it is flushed at the end.
    """
    touches: list[Touch] = []

    def _note(_session: Session, _context: object) -> None:
        made = [(row, True) for row in session.new]
        changed = [(row, False) for row in session.dirty if session.is_modified(row)]
        for row, is_made in (*made, *changed):
            touch = _touch(row, is_made=is_made)
            if not isinstance(row, WebhookEvent) and touch not in touches:
                touches.append(touch)

    event.listen(session, "after_flush", _note)
    try:
        yield touches
        session.flush()
    finally:
        event.remove(session, "after_flush", _note)


def _touch(row: object, *, is_made: bool) -> Touch:
    state = inspect(row)
    key = state.mapper.primary_key_from_instance(row)
    return {"table": state.mapper.local_table.name, "id": key[0], "made": is_made}
