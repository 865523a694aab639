"""Billhook as it is deployed: the web app as a process, people, a service key, and its books."""

from __future__ import annotations

from dataclasses import dataclass, field

from flask import Flask
from sqlalchemy import func, select, text

from billing.database import db
from billing.domain.ledger import LotSource
from billing.models import AiRequest, TokenTransaction, UserTokenBalance
from billing.services import api_keys, ledger, verification
from tests.factories import account, demo_catalog
from tests.faults.load import CLIENTS, Load
from tests.web_process import WebProcess

PEOPLE = 4
TOKENS = 1_000_000
FAILED = "request.failed"
"""What the app logs when it answers with 500."""


@dataclass
class Deployment:
    """The app's process under load, and an app here over the same database that reads its books."""

    web: WebProcess
    app: Flask
    service_key: str = field(init=False)
    user_ids: list[int] = field(init=False)

    def __post_init__(self) -> None:
        """Put the demo catalog on sale, with a few people who have many tokens."""
        demo_catalog()
        self.service_key = api_keys.create(name="host", actor="test")
        self.user_ids = [account().id for _ in range(PEOPLE)]
        for user_id in self.user_ids:
            ledger.grant(
                user_id,
                TOKENS,
                source=LotSource.GRANT,
                reason="A gift",
                actor="test",
                idempotency_key=f"gift:{user_id}",
            )
        # No connection of this side may be there when the database goes.
        db.session.remove()
        db.engine.dispose()

    def load(self, name: str = "load", *, clients: int = CLIENTS) -> Load:
        """Return clients that charge these people."""
        settings = self.web.settings
        return Load(settings.host, settings.port, self.service_key, self.user_ids, name, clients)

    def lost(self, *loads: Load) -> int:
        """Count what is wrong: acknowledged and not there, there twice, not acknowledged; breaches.

        Every client has heard how its last charge ended, so the books hold what was acknowledged.
        Answers with 500 count too: a client is told to try again, or what is wrong.
        """
        db.session.rollback()
        acknowledged = [key for load in loads for key in load.receipts]
        recorded = list(db.session.scalars(select(AiRequest.idempotency_key)))
        wrong = set(acknowledged) ^ set(recorded)
        doubled = len(recorded) - len(set(recorded))
        refused = [line for load in loads for line in (*load.refused, *load.given_up)]
        breaches = [str(breach) for breach in verification.breaches()]
        failed = [line for line in self.web.log.read_text().splitlines() if FAILED in line]
        problems = [*sorted(map(str, wrong)), *refused, *failed, *breaches, *self._damages()]
        if problems:
            print("\n".join(problems[:20]))  # noqa: T201 - pytest shows it with the failure
        return len(problems) + doubled + abs(self._spent() - len(acknowledged))

    def revision(self) -> str:
        """Return the migration that the database is at."""
        found: str = db.session.scalars(text("SELECT version_num FROM alembic_version")).one()
        db.session.rollback()
        db.engine.dispose()
        return found

    def _spent(self) -> int:
        """Return what people have spent, quota and tokens: one of either for each charge."""
        from_quota = db.session.scalar(select(func.sum(UserTokenBalance.quota_used))) or 0
        balance = db.session.scalar(select(func.sum(UserTokenBalance.balance))) or 0
        granted = db.session.scalar(select(func.sum(TokenTransaction.delta))) or 0
        return int(from_quota + granted - balance)

    def _damages(self) -> list[str]:
        if db.engine.dialect.name != "sqlite":
            return []
        found = db.session.scalars(text("PRAGMA integrity_check")).all()
        db.session.rollback()
        return [line for line in found if line != "ok"]
