"""Verification: every invariant of the ledger, recomputed from the logs over all users."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import select, text

from billing import clock
from billing.database import db, transaction
from billing.models import Verification
from billing.services.verification_queries import CHECKS

log = structlog.get_logger(__name__)

ROWS_AT_ONCE = 1_000
INTERVAL = timedelta(days=1)
NEVER = datetime.fromtimestamp(0, UTC)


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


@dataclass(frozen=True, slots=True)
class Verified:
    """When the books were last verified, and how many breaches each check has found then."""

    at: datetime
    breaches: Mapping[str, int]


def verify() -> Iterator[Breach]:
    """Yield each breach; once all have been asked for, keep how many each check has found."""
    began_at, found = clock.now(), Counter(dict.fromkeys(CHECKS, 0))
    for breach in breaches():
        found[breach.check] += 1
        yield breach
    with transaction() as session:
        session.add(Verification(breaches=dict(found), created_at=began_at))


def verify_daily() -> int:
    """Verify the books if that was not done for a day, for the worker; return how many breaches."""
    if clock.now() - newest().at < INTERVAL:
        return 0
    found = Counter(breach.check for breach in verify())
    if found:
        log.error("ledger.breached", breaches=dict(found))
    return found.total()


def newest() -> Verified:
    """Return what the last verification has found; it is of 1970 when there was none."""
    last = db.session.execute(
        select(Verification.created_at, Verification.breaches)
        .order_by(Verification.id.desc())
        .limit(1)
    ).one_or_none()
    return Verified(NEVER, {}) if last is None else Verified(*last)


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
