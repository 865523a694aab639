"""Clients in processes of their own: each waits for the word, works for some seconds, counts."""

import multiprocessing
import random
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from time import perf_counter, time_ns

from sqlalchemy import select

from bench.world import FEATURE, app_for
from billing.database import db
from billing.models import User
from billing.services import metering
from billing.services.metering_batch import BatchRequest, record_batch

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["bench.clients"])
BATCH = 100
WARM_UP_SECONDS = 0.5
BUSY_TIMEOUT_SECONDS = 30


@dataclass(frozen=True)
class Job:
    """What a client does, over which database, for which users."""

    work: str
    url: str
    users: tuple[int, int]
    synchronous: str = "FULL"


@dataclass
class Clients:
    """Running clients; all of them begin at the same word."""

    pipes: list[Connection]

    def rate(self, seconds: float) -> float:
        """Let them work, and return how many requests a second they did together."""
        for pipe in self.pipes:
            pipe.send(seconds)
        rates: list[float] = [pipe.recv() for pipe in self.pipes]
        return sum(rates)


@contextmanager
def running(job: Job, count: int) -> Iterator[Clients]:
    """Start the clients and warm them up; end them afterwards."""
    pairs = [PROCESSES.Pipe() for _ in range(count)]
    processes = [
        PROCESSES.Process(target=_serve, args=(job, theirs, number))
        for number, (_, theirs) in enumerate(pairs)
    ]
    for process in processes:
        process.start()
    clients = Clients([ours for ours, _ in pairs])
    try:
        clients.rate(WARM_UP_SECONDS)
        yield clients
    finally:
        for pipe in clients.pipes:
            pipe.send(None)
        for process in processes:
            process.join()


def _serve(job: Job, pipe: Connection, number: int) -> None:
    dice = random.Random(number)
    if job.work == "bare":
        _answer(pipe, _bare(job, dice), weight=1)
        return
    with app_for(job.url, synchronous=job.synchronous).app_context():
        if job.work == "record":
            _answer(pipe, _record(job, dice), weight=1)
        else:
            _answer(pipe, _batch(job, dice), weight=BATCH)
        db.session.remove()
        db.engine.dispose()


def _answer(pipe: Connection, once: Callable[[str], None], *, weight: int) -> None:
    while (seconds := pipe.recv()) is not None:
        prefix = f"{time_ns()}:{random.random()}"
        count = 0
        began = perf_counter()
        while (elapsed := perf_counter() - began) < seconds:
            once(f"{prefix}:{count}")
            count += 1
        pipe.send(count * weight / elapsed)


def _record(job: Job, dice: random.Random) -> Callable[[str], None]:
    users = _load_users(job)

    def once(key: str) -> None:
        metering.record(dice.choice(users), FEATURE, idempotency_key=key)

    return once


def _load_users(job: Job) -> Sequence[User]:
    """Load them before, as a host's user is when its request comes."""
    first, last = job.users
    users = db.session.scalars(select(User).where(User.id.between(first, last))).all()
    db.session.expunge_all()
    return users


def _batch(job: Job, dice: random.Random) -> Callable[[str], None]:
    users = _load_users(job)

    def once(key: str) -> None:
        record_batch(
            [
                BatchRequest(dice.choice(users), FEATURE, 1, f"{key}:{number}")
                for number in range(BATCH)
            ]
        )

    return once


def _bare(job: Job, dice: random.Random) -> Callable[[str], None]:
    """The least that SQLite can do for a charge: two bare statements in one transaction."""
    path = job.url.removeprefix("sqlite:///")
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_SECONDS, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA synchronous = {job.synchronous}")

    def once(key: str) -> None:
        user_id = dice.randint(*job.users)
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(
            "UPDATE limit_accounts SET balance = balance - 1 WHERE user_id = ? AND balance >= 1",
            (user_id,),
        )
        connection.execute(
            "INSERT INTO limit_log SELECT user_id, :entry, :key, balance FROM limit_accounts"
            " WHERE user_id = :user_id",
            {"user_id": user_id, "key": key, "entry": time_ns()},
        )
        connection.execute("COMMIT")

    return once
