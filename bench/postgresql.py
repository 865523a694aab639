"""PostgreSQL: the hot path, batches, growth of the log, and the reads of a busy user."""

from collections.abc import Callable, Iterator
from time import perf_counter

from bench import world
from bench.clients import Job, running
from bench.cluster import Cluster
from bench.report import Figure, ratio
from billing import can_access_feature
from billing.database import db
from billing.models import User
from billing.services import usage, verification

# The smallest equivalent: one conditional UPDATE that feeds one INSERT, under a key.
LIMIT = """\\set user random({first}, {last})
\\set key random(1, 1000000000000000)
WITH moved AS (
    UPDATE limit_accounts SET balance = balance - 1 WHERE user_id = :user AND balance >= 1
    RETURNING user_id, balance
)
INSERT INTO limit_log SELECT user_id, :key, :key, balance FROM moved;
"""
MANY = (1, world.USERS)
ONE = (1, 1)
HOT_PATH_TARGETS = ((1, MANY, 0.60), (8, MANY, 0.50), (32, ONE, 0.70))
BUSY_USER = 7
BUSY_ROWS = 100_000
READS = 40
DATABASE = "bench"


def hot_path(cluster: Cluster, url: str, *, seconds: int, rounds: int) -> Iterator[Figure]:
    """Measure `record` as a host calls it against pgbench's smallest equivalent."""
    for clients, users, target in HOT_PATH_TARGETS:
        who = "one hot user" if users == ONE else f"{world.USERS} users"
        name = f"PostgreSQL record, {clients} clients, {who}"
        yield _against_limit(
            cluster,
            Job("record", url, users),
            name=name,
            clients=clients,
            target=target,
            seconds=seconds,
            rounds=rounds,
        )


def batches(cluster: Cluster, url: str, *, seconds: int, rounds: int) -> Iterator[Figure]:
    """Measure requests in batches of 100 against single statements."""
    yield _against_limit(
        cluster,
        Job("batch", url, MANY),
        name="PostgreSQL batches of 100, 8 clients",
        clients=8,
        target=2.5,
        seconds=seconds,
        rounds=rounds,
    )


def _against_limit(
    cluster: Cluster,
    job: Job,
    *,
    name: str,
    clients: int,
    target: float,
    seconds: int,
    rounds: int,
) -> Figure:
    script = LIMIT.format(first=job.users[0], last=job.users[1])
    ours, limit = [], []
    with running(job, clients) as ready:
        for _ in range(rounds):
            limit.append(cluster.pgbench(DATABASE, script, clients=clients, seconds=seconds))
            ours.append(ready.rate(seconds))
    return ratio(name, ours=ours, limit=limit, target=target)


def noise(cluster: Cluster, *, seconds: int, rounds: int) -> Iterator[Figure]:
    """Measure the limit against itself: what the machine adds to every ratio."""
    for clients in (1, 8):
        script = LIMIT.format(first=1, last=world.USERS)
        rates = [
            cluster.pgbench(DATABASE, script, clients=clients, seconds=seconds)
            for _ in range(2 * rounds)
        ]
        name = f"noise: pgbench against itself, {clients} clients"
        yield ratio(name, ours=rates[::2], limit=rates[1::2])


def growth(
    cluster: Cluster, url: str, *, sizes: list[int], seconds: int, rounds: int
) -> Iterator[Figure]:
    """Measure how `record` slows down as the log grows; the limit's log does not grow."""
    base: dict[int, float] = {}
    for size in sizes:
        rows = world.fill_log(url, size)
        for clients in (1, 8):
            figure = _against_limit(
                cluster,
                Job("record", url, MANY),
                name=f"PostgreSQL record, {clients} clients, {rows:,} log rows",
                clients=clients,
                target=0,
                seconds=seconds,
                rounds=rounds,
            )
            base.setdefault(clients, figure.median)
            yield Figure(
                f"speed at {rows:,} log rows to that at {sizes[0]:,}, {clients} clients",
                [value / base[clients] for value in figure.values],
                0.85,
                limit_per_second=figure.limit_per_second,
                ours_per_second=figure.ours_per_second,
            )


def reads(url: str) -> Iterator[Figure]:
    """Measure the reads of a user with 100,000 requests in the period."""
    world.fill_log(url, BUSY_ROWS, users=(BUSY_USER, BUSY_USER))
    with world.app_for(url).app_context():
        user = db.session.get_one(User, BUSY_USER)
        deep = str(BUSY_ROWS // 2)
        todo: list[tuple[str, float, Callable[[], object]]] = [
            ("usage of the period by day", 5.0, lambda: usage.by_day(user)),
            ("last 30 transactions", 5.0, lambda: usage.list_transactions(user.id, limit=30)),
            ("30 transactions, half way back", 5.0, lambda: _page(user.id, deep)),
            ("can_access_feature", 0.5, lambda: can_access_feature(user, world.FEATURE)),
        ]
        for name, target, read in todo:
            yield Figure(f"PostgreSQL {name}", _times(read), target, unit="ms")
        db.session.remove()
        db.engine.dispose()


def _page(user_id: int, after: str) -> object:
    return usage.list_transactions(user_id, after=after, limit=30)


def _times(read: Callable[[], object]) -> list[float]:
    for _ in range(10):
        read()
    times = []
    for _ in range(READS):
        began = perf_counter()
        read()
        times.append((perf_counter() - began) * 1_000)
    return times


def require_true_books(url: str) -> None:
    """Fail where the charges of the run do not add up."""
    with world.app_for(url).app_context():
        found = list(verification.breaches())
        db.engine.dispose()
    if found:
        raise AssertionError(f"the books do not agree: {found[:3]}")
