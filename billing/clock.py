"""The clock: the only place in Billhook that reads the time."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta

_behind: ContextVar[timedelta] = ContextVar("behind", default=timedelta(0))


def now() -> datetime:
    """Return the current moment as an aware UTC datetime."""
    return datetime.now(UTC) - _behind.get()


@contextmanager
def set_back(to: datetime) -> Iterator[None]:
    """Let the clock of this context go on from an earlier moment, in which the demo's past happens.

    Args:
        to: aware UTC.
    """
    token = _behind.set(datetime.now(UTC) - to)
    try:
        yield
    finally:
        _behind.reset(token)
