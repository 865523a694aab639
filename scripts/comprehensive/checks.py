"""What a check is, how it runs, and what it says."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, suppress
from dataclasses import dataclass
from enum import StrEnum
from io import StringIO
from typing import TypeVar

from structlog.contextvars import clear_contextvars

from billing.database import db, transaction
from billing.errors import BillingError

E = TypeVar("E", bound=BillingError)


class Outcome(StrEnum):
    """How a check ended."""

    PASSED = "pass"
    FAILED = "FAIL"
    SKIPPED = "skip"


class Unexpected(Exception):
    """The instance does not do what it should; the message says what it did."""


class Skipped(Exception):
    """What the check needs is not there; the message says what."""


class _Undone(Exception):
    """Ends a transaction without a trace."""


@dataclass(frozen=True, slots=True)
class Check:
    """A name, and a function that returns what it saw or raises; what it writes is rolled back.

    One that reads by connections of its own, or over the network, has no transaction around it.
    """

    name: str
    see: Callable[[], str]
    is_undone: bool = True

    def run(self) -> Result:
        """Run it; whatever breaks is its result, so that the other checks run too."""
        log = StringIO()
        try:
            with redirect_stderr(log):
                words = self._see()
        except Skipped as reason:
            return Result(self.name, Outcome.SKIPPED, str(reason))
        except Unexpected as fact:
            return Result(self.name, Outcome.FAILED, str(fact), log.getvalue())
        except Exception as error:  # noqa: BLE001 - the result carries its traceback
            words = f"{type(error).__name__} was raised"
            log.write(traceback.format_exc())
            return Result(self.name, Outcome.FAILED, words, log.getvalue())
        finally:
            db.session.remove()
            clear_contextvars()
        return Result(self.name, Outcome.PASSED, words)

    def _see(self) -> str:
        if not self.is_undone:
            return self.see()
        with undone():
            return self.see()


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a check, in one line; `log` is what was said meanwhile, if it failed."""

    name: str
    outcome: Outcome
    words: str
    log: str = ""

    def __str__(self) -> str:
        return f"{self.outcome}  {self.name}: {self.words}"


@contextmanager
def undone() -> Iterator[None]:
    """Open a transaction that is rolled back, whatever is written in it."""
    with suppress(_Undone), transaction():
        yield
        raise _Undone


def expect(what: str, actual: object, expected: object) -> None:
    """Require a fact.

    Raises:
        Unexpected: it is another one.
    """
    if actual != expected:
        raise Unexpected(f"{what}: expected {expected!r}, found {actual!r}")


def refused(error: type[E], verb: Callable[[], object]) -> E:
    """Require that the verb raises, and return what it raised.

    Raises:
        Unexpected: it did not.
    """
    try:
        verb()
    except error as refusal:
        return refusal
    raise Unexpected(f"{error.__name__} was not raised")
