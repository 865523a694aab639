"""Many processes on one user: never a token too many, never one too few."""

from __future__ import annotations

import contextlib
import multiprocessing
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from billing.database import db
from billing.domain.metering import Receipt
from billing.models import AiRequest
from billing.services import metering, usage
from tests.concurrency import workers
from tests.concurrency.workers import Start
from tests.ledger import Ledger

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.concurrency.workers"])


def together(
    work: Callable[..., None], database_url: str, arguments: list[tuple[Any, ...]]
) -> list[Any]:
    """Run the work in a process for each of the arguments, all at once; return what they say."""
    start = Start(database_url, PROCESSES.Barrier(len(arguments)))
    outcomes = PROCESSES.Queue()
    processes = [
        PROCESSES.Process(target=work, args=(start, *each, outcomes)) for each in arguments
    ]
    for process in processes:
        process.start()
    said = [outcomes.get(timeout=120) for _ in processes]
    for process in processes:
        process.join()
    db.session.rollback()  # SQLite shows a reader the moment at which it began
    return said


@pytest.mark.slow
def test_32_processes_spend_exactly_what_there_is(ledger: Ledger, database: str) -> None:
    user = ledger.user(quota=0, tokens=100)

    said = together(workers.record_keys, database, [(user.id, [None] * 10)] * 32)

    outcomes = Counter(type(each).__name__ for batch in said for each in batch)
    assert {"Receipt": 100, "str": 220} == outcomes
    assert 0 == usage.summary(user).tokens.balance


@pytest.mark.slow
def test_one_key_is_charged_once_whoever_comes_first(ledger: Ledger, database: str) -> None:
    user = ledger.user(quota=0, tokens=100)
    keys = [f"job:{number}" for number in range(5)]

    said = together(workers.record_keys, database, [(user.id, keys)] * 16)

    assert [said[0]] * 16 == said
    assert 80 == len([each for batch in said for each in batch if isinstance(each, Receipt)])
    assert 5 == len([each for batch in said for each in batch if not each.is_replay])
    assert 95 == usage.summary(user).tokens.balance


@pytest.mark.slow
def test_nothing_deadlocks_whatever_the_mix(ledger: Ledger, database: str) -> None:
    user_ids = [ledger.user(quota=10, tokens=50).id for _ in range(4)]

    said = together(workers.do_everything, database, [(user_ids, seed) for seed in range(8)])

    assert [[]] * 8 == said


@pytest.mark.slow
def test_a_killed_process_loses_nothing_that_it_said_was_paid(
    ledger: Ledger, database: str, is_thorough: bool
) -> None:
    rounds = 50 if is_thorough else 4
    user = ledger.user(quota=None)
    begun: set[str] = set()
    paid: set[str] = set()

    for number in range(rounds):
        _record_and_kill(database, user.id, f"round:{number}", begun, paid)
    recorded = set(db.session.scalars(select(AiRequest.idempotency_key)))
    for key in begun:
        metering.record(user, "mentor", 1, idempotency_key=key)

    assert paid <= recorded <= begun
    assert len(begun - paid) <= rounds
    assert len(begun) == usage.summary(user).quota.used


def _record_and_kill(
    database_url: str, user_id: int, prefix: str, begun: set[str], paid: set[str]
) -> None:
    ours, theirs = PROCESSES.Pipe()
    process = PROCESSES.Process(
        target=workers.record_until_killed, args=(database_url, user_id, prefix, theirs)
    )
    process.start()
    theirs.close()
    patience = random.randrange(1, 60)
    with contextlib.suppress(EOFError):
        while True:
            word, key = ours.recv()
            (begun if word == "begin" else paid).add(key)
            patience -= 1
            if patience == 0:
                # It is at no particular point: in the statement, at its commit, after it.
                process.kill()
    process.join()
    db.session.rollback()
