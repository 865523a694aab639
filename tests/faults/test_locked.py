"""T10: somebody else holds the lock for longer than we wait; T19: SIGTERM while requests wait."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import text

from billing.database import db
from tests.faults.deployment import Deployment
from tests.faults.load import CLIENTS
from tests.faults.report import Report

# SQLite's busy timeout; PostgreSQL's lock timeout counts for each lock, its statement's for all.
LOCK_SECONDS = {"sqlite": 10, "postgresql": 15}
# The clients may meet one worker of four threads: then half of them wait for others to give up.
TURNS = 2


@contextmanager
def everything_locked() -> Iterator[None]:
    """Hold the lock that every charge needs: the file's on SQLite, the rows' on PostgreSQL."""
    with db.engine.connect().execution_options(writes=True) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT user_id FROM user_token_balances FOR UPDATE"))
        else:
            connection.execute(text("SELECT 1"))
        yield


def test_the_database_is_locked_for_longer_than_we_wait(
    deployment: Deployment, database_kind: str, report: Report
) -> None:
    with deployment.load() as load:
        load.wait_for(20)
        with everything_locked():
            load.wait_for(CLIENTS, status=503)
        unlocked = time.monotonic()
        load.wait_for(50)

    figures = {
        "charges": len(load.receipts),
        "503": load.statuses[503],
        "slowest answer": f"{load.slowest:.1f} s",
        "first charge after": f"{load.first_success_after(unlocked):.2f} s",
    }
    assert load.slowest < TURNS * (LOCK_SECONDS[database_kind] + 1)
    report.add(f"{database_kind} locked for over 10 s", figures, lost=deployment.lost(load))


def test_sigterm_lets_requests_end(
    deployment: Deployment, database_kind: str, report: Report
) -> None:
    with deployment.load() as load:
        load.wait_for(20)
        with everything_locked():
            in_flight = load.wait_until_all_wait()
            deployment.web.terminate()
        code = deployment.web.wait_for_end()
        deployment.web.start()
        load.wait_for(20)
    cut = [each for each in load.answers if each.key in in_flight and each.status != 201]

    figures = {
        "in flight": len(in_flight),
        "cut": len(cut),
        "charges": len(load.receipts),
        "exit code": code,
    }
    report.add(f"SIGTERM, {database_kind}", figures, lost=len(cut) + deployment.lost(load))
