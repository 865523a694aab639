"""T1: everything is killed in the middle of charges; no acknowledged one is lost, none doubled."""

from __future__ import annotations

import random
import time

import pytest

from tests.faults.deployment import Deployment
from tests.faults.load import Load
from tests.faults.postgres import PostgresProcess
from tests.faults.report import Report


def charges_before_the_end() -> int:
    return random.randrange(20, 150)


def figures(load: Load, rounds: int) -> dict[str, object]:
    return {
        "rounds": rounds,
        "charges": len(load.receipts),
        "retried": load.retried,
        "had committed unseen": load.committed_unseen,
    }


def test_the_app_is_killed_under_load(
    deployment: Deployment, database_kind: str, report: Report, is_thorough: bool
) -> None:
    rounds = 50 if is_thorough else 4
    restarts = []

    with deployment.load() as load:
        for _ in range(rounds):
            load.wait_for(charges_before_the_end())
            deployment.web.kill()
            began = time.monotonic()
            deployment.web.start()
            restarts.append(time.monotonic() - began)
        load.wait_for(50)

    seen = figures(load, rounds) | {"restart": f"{min(restarts):.1f}-{max(restarts):.1f} s"}
    report.add(f"kill -9 of the app, {database_kind}", seen, lost=deployment.lost(load))


@pytest.mark.postgresql
def test_the_app_and_its_database_are_killed_under_load(
    deployment: Deployment, postgresql: PostgresProcess, report: Report, is_thorough: bool
) -> None:
    rounds = 50 if is_thorough else 4

    with deployment.load() as load:
        for number in range(rounds):
            load.wait_for(charges_before_the_end())
            postgresql.kill()
            if number % 3 == 0:
                deployment.web.kill()
            postgresql.start()
            if number % 3 == 0:
                deployment.web.start()
        load.wait_for(50)

    report.add("kill -9 of PostgreSQL", figures(load, rounds), lost=deployment.lost(load))
