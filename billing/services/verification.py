"""Verification: every invariant of the ledger, recomputed from the logs over all users."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import text

from billing.database import db
from billing.services.verification_queries import CHECKS

ROWS_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Breach:
    """One place where the books do not agree: what the log says, and what the row says."""

    check: str
    user_id: int
    subject: str
    expected: int | None
    found: int | None

    def __str__(self) -> str:
        return (
            f"{self.check}: user {self.user_id}, {self.subject}: "
            f"the log says {self.expected}, the row says {self.found}"
        )


def breaches() -> Iterator[Breach]:
    """Yield each breach of each invariant; none when the books agree.

    Reads in constant memory: the database compares, and only breaches come over. Each check is one
    statement and so sees one moment, whatever is written meanwhile.
    """
    with db.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            # A sum over all users may take longer than any page is allowed to.
            connection.execute(text("SET LOCAL statement_timeout = 0"))
        for check, query in CHECKS.items():
            rows = connection.execute(text(query), execution_options={"yield_per": ROWS_AT_ONCE})
            for user_id, subject, expected, found in rows:
                yield Breach(check, user_id, subject, _whole(expected), _whole(found))


def _whole(number: object) -> int | None:
    return None if number is None else int(str(number))
