"""Checks of the instance as it is deployed: its database, logging and books, and what is left."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from contextlib import redirect_stderr
from io import StringIO
from itertools import islice

import structlog
from sqlalchemy import func, select, text

from billing.database import Base, db
from billing.models import SubscriptionTier, User, WebhookEvent
from billing.services import readiness, verification
from billing.web import settings
from scripts.comprehensive.checks import Check, Unexpected, expect
from scripts.comprehensive.stock import EMAIL, FREE, PAID, RUN

log = structlog.get_logger(__name__)

SECRET = "sk_live_51" + "A1b2C3d4E5f6G7h8"
CARD = "4242 4242 4242 4242"
MANY = 5


def _database_is_ready() -> str:
    expect("problems", readiness.problems(), [])
    return f"{db.engine.dialect.name} answers, takes writes, and is at this release's migration"


def _logging_is_configured() -> str:
    configured = settings.current()
    lines = _logged()
    expect("lines of one event", len(lines), 1)
    expect("secrets in it", [secret for secret in (SECRET, CARD) if secret in lines[0]], [])
    if configured.is_production:
        expect("the event of the JSON line", json.loads(lines[0])["event"], "check.logged")
    form = "JSON" if configured.is_production else "lines for people"
    return f"{form} from {configured.log_level} on; keys and cards redacted, line ends escaped"


def _logged() -> list[str]:
    said = StringIO()
    with redirect_stderr(said):
        log.error("check.logged", detail=f"{SECRET} {CARD}\nforged line")
    return said.getvalue().splitlines()


def _books_agree() -> str:
    breaches = list(islice(verification.breaches(), MANY))
    if breaches:
        # The whole list is `flask billing verify`'s to give.
        print(*breaches, sep="\n", file=sys.stderr)
        raise Unexpected("the books differ; `flask billing verify` lists where")
    return "every balance and quota follows from the log"


def row_counts() -> dict[str, int]:
    """Return how many rows each table of the instance has, as other connections see it."""
    with db.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL statement_timeout = 0"))
        return {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in Base.metadata.sorted_tables
        }


def nothing_is_left(before: Mapping[str, int]) -> Check:
    """Return the last check: that no row of ours was kept.

    Args:
        before: the row counts from before the first check.
    """

    def _see() -> str:
        for what, kept in {
            "users": select(func.count()).where(User.email == EMAIL),
            "tiers": select(func.count()).where(SubscriptionTier.slug.in_((FREE, PAID))),
            "events": select(func.count()).where(WebhookEvent.stripe_event_id == f"evt_{RUN}"),
        }.items():
            expect(f"{what} of these checks", db.session.scalar(kept), 0)
        after = row_counts()
        changed = [f"{name} {after[name] - before[name]:+}" for name in before]
        changed = [each for each in changed if not each.endswith(" +0")]
        if changed:
            return f"no row of these checks; others wrote meanwhile: {', '.join(changed)}"
        return f"each of the {len(before)} tables has as many rows as before"

    return Check("Nothing left behind", _see, is_undone=False)


CHECKS = (
    Check("Logging configuration", _logging_is_configured),
    Check("Verify", _books_agree, is_undone=False),
)
READY = Check("Database", _database_is_ready, is_undone=False)
