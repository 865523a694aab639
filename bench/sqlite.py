"""SQLite: the hot path against two bare statements in one transaction, by the sqlite3 module."""

from collections.abc import Iterator
from contextlib import ExitStack

from bench import world
from bench.clients import Job, running
from bench.report import Figure, ratio

TARGETS = (
    ("FULL", 1, (1, world.USERS), 0.85),
    ("FULL", 8, (1, world.USERS), 0.85),
    ("FULL", 32, (1, 1), None),
    ("NORMAL", 1, (1, world.USERS), 0.50),
    ("NORMAL", 8, (1, world.USERS), 0.50),
)


def hot_path(url: str, *, seconds: int, rounds: int) -> Iterator[Figure]:
    """Measure `record` as a host calls it."""
    for synchronous, clients, users, target in TARGETS:
        ours, limit = [], []
        with ExitStack() as stack:
            bare = stack.enter_context(running(Job("bare", url, users, synchronous), clients))
            record = stack.enter_context(running(Job("record", url, users, synchronous), clients))
            for _ in range(rounds):
                limit.append(bare.rate(seconds))
                ours.append(record.rate(seconds))
        who = "one hot user" if users == (1, 1) else f"{world.USERS} users"
        name = f"SQLite {synchronous} record, {clients} processes, {who}"
        yield ratio(name, ours=ours, limit=limit, target=target)
