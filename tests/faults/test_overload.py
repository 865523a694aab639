"""T2, T22, T23, T24: readers among writers, a crowd of clients, no file left to open."""

from __future__ import annotations

import resource
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from threading import Event, Thread

from flask import Flask

from billing.database import db
from billing.domain.ledger import LotSource
from billing.models import User
from billing.services import holds, ledger, verification
from tests.faults.deployment import Deployment
from tests.faults.load import CLIENTS
from tests.faults.report import Report
from tests.web_process import WebProcess

READERS, CROWD = 2, 8 * CLIENTS
SHORT_SECONDS, SOAK_SECONDS = 20, 1800
RECOVERY_SECONDS = 5
# Above what caches of two workers come to once every statement was seen.
FLAT = 1.25
FILES = 64


@contextmanager
def busy(app: Flask, work: Callable[[int], None], threads: int) -> Iterator[list[int]]:
    """Have threads do the work, each time with another number; yields how often each has."""
    stopping, done = Event(), [0] * threads

    def run(thread: int) -> None:
        with app.app_context():
            for number in count():
                if stopping.is_set():
                    break
                work(number * threads + thread)
                done[thread] += 1
            db.session.remove()

    running = [Thread(target=run, args=(thread,)) for thread in range(threads)]
    for thread in running:
        thread.start()
    try:
        yield done
    finally:
        stopping.set()
        for thread in running:
            thread.join()


def test_readers_never_see_books_that_differ(
    deployment: Deployment, database_kind: str, report: Report
) -> None:
    seen: list[str] = []

    def read(_number: int) -> None:
        seen.extend(map(str, verification.breaches()))

    def move(number: int) -> None:
        user_id = deployment.user_ids[number % len(deployment.user_ids)]
        key = f"move:{number}"
        lot_id = ledger.grant(
            *(user_id, 40),
            source=LotSource.GRANT,
            reason="A gift",
            actor="test",
            idempotency_key=f"{key}:there",
        ).lot_id
        held = holds.hold(db.session.get_one(User, user_id), "ai_chat", 30)
        holds.release(user_id, held.id)
        ledger.clawback(
            *(user_id, 40),
            lot_id=lot_id,
            reason="No gift",
            actor="test",
            idempotency_key=f"{key}:back",
        )

    with (
        busy(deployment.app, move, 2) as moved,
        busy(deployment.app, read, READERS) as reads,
        deployment.load() as load,
    ):
        load.wait_for(300)

    figures = {"readings": sum(reads), "charges": len(load.receipts), "moves": sum(moved)}
    assert all(reads)
    assert all(moved)
    name = f"{READERS} readers among {CLIENTS + 2} writers, {database_kind}"
    report.add(name, figures, lost=len(seen) + deployment.lost(load))


def test_a_crowd_is_served_and_leaves_no_trace(
    deployment: Deployment, database_kind: str, report: Report, is_thorough: bool
) -> None:
    seconds = SOAK_SECONDS if is_thorough else SHORT_SECONDS
    with deployment.load("warm") as warm:
        warm.wait_for(300)
    with deployment.load("crowd", clients=CROWD) as crowd:
        # Early: what every worker keeps for its threads is there.
        crowd.wait_for(300)
        early = deployment.web.memory_bytes(), deployment.web.open_files()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            crowd.wait_for(50)
        late = deployment.web.memory_bytes(), deployment.web.open_files()
    left = time.monotonic()
    with deployment.load("after") as after:
        after.wait_for(50)

    recovered = after.first_success_after(left)
    waits = sorted(answer.seconds for answer in crowd.answers)
    figures = {
        "seconds": seconds,
        "charges": len(crowd.receipts),
        "503": crowd.statuses[503],
        "p99": f"{waits[len(waits) * 99 // 100]:.2f} s",
        "memory": f"{early[0] >> 20} to {late[0] >> 20} MB",
        "files": f"{early[1]} to {late[1]}",
        "first charge after": f"{recovered:.2f} s",
    }
    assert late[0] < early[0] * FLAT, figures
    assert late[1] <= early[1] + CROWD, figures
    assert recovered < RECOVERY_SECONDS
    name = f"{CROWD} clients for {CLIENTS} threads, {database_kind}"
    report.add(name, figures, lost=deployment.lost(warm, crowd, after))


@contextmanager
def no_more_files(web: WebProcess) -> Iterator[None]:
    """Let no process of the app open more files than it has now."""
    before = {pid: resource.prlimit(pid, resource.RLIMIT_NOFILE) for pid in web.process_ids()}
    for pid, (_soft, hard) in before.items():
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (1, hard))
    try:
        yield
    finally:
        for pid, limits in before.items():
            resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)


def test_no_file_is_left_to_open(
    deployment: Deployment, database_kind: str, report: Report
) -> None:
    settings = deployment.web.settings
    with deployment.load() as load, ExitStack() as strangers:
        load.wait_for(50)
        with no_more_files(deployment.web):
            for _ in range(FILES):
                address = (settings.host, settings.port)
                strangers.enter_context(socket.create_connection(address, timeout=5))
            load.wait_for(50)
        strangers.close()
        load.wait_for(50)

    figures = {
        "strangers": FILES,
        "charges": len(load.receipts),
        "503": load.statuses[503],
        "unanswered": load.statuses[0],
    }
    report.add(f"no file left to open, {database_kind}", figures, lost=deployment.lost(load))
