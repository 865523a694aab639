"""Over HTTP: a charge under the server of production, against pgbench's smallest equivalent."""

import random
import secrets
import selectors
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, perf_counter, sleep, time_ns

from bench import postgresql, world
from bench.cluster import Cluster
from bench.report import Figure, ratio
from billing.database import db
from billing.services import api_keys
from billing.settings import PROJECT_ROOT

CONNECTIONS = 8
WARM_UP_SECONDS = 1
START_SECONDS = 30
HOST = "127.0.0.1"

Request = Callable[[], bytes]


@dataclass(frozen=True)
class Server:
    """How many workers and threads granian gets."""

    workers: int
    threads: int
    target: float | None = None


# The first is what deploy/serve.sh starts; the others say why.
SERVERS = (Server(2, 4, target=0.25), Server(1, 8), Server(1, 2))


def charges(cluster: Cluster, url: str, *, seconds: int, rounds: int) -> Iterator[Figure]:
    """Measure `POST /api/v1/ai-requests`, and the no-op endpoint beside it."""
    charge = _charge_request(_service_key(url))
    script = postgresql.LIMIT.format(first=1, last=world.USERS)
    for server in SERVERS:
        limit, ours, nothing = [], [], []
        with _serving(server, url) as port:
            for _ in range(rounds):
                limit.append(
                    cluster.pgbench(
                        postgresql.DATABASE, script, clients=CONNECTIONS, seconds=seconds
                    )
                )
                with _connected(port) as sockets:
                    _rate(sockets, charge, WARM_UP_SECONDS)
                    ours.append(_rate(sockets, charge, seconds))
                    nothing.append(_rate(sockets, _no_operation, seconds))
        name = f"granian {server.workers} x {server.threads}, {CONNECTIONS} connections"
        yield ratio(f"POST ai-requests, {name}", ours=ours, limit=limit, target=server.target)
        yield ratio(f"GET healthz, {name}", ours=nothing, limit=limit)


@contextmanager
def _connected(port: int) -> Iterator[list[socket.socket]]:
    """Open the connections one after the other: one worker would accept a burst of them alone."""
    with ExitStack() as stack:
        sockets = []
        for _ in range(CONNECTIONS):
            connection = stack.enter_context(socket.create_connection((HOST, port)))
            connection.sendall(_no_operation())
            _read_answer(connection)
            sockets.append(connection)
        yield sockets


def _service_key(url: str) -> str:
    with world.app_for(url).app_context():
        key = api_keys.create(actor="bench")
        db.engine.dispose()
    return key


def _charge_request(key: str) -> Request:
    dice = random.Random(0)

    def _request() -> bytes:
        body = f'{{"user": {dice.randint(1, world.USERS)}, "feature": "{world.FEATURE}"}}'
        return (
            f"POST /api/v1/ai-requests HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: Bearer {key}\r\n"
            f"Idempotency-Key: {time_ns()}-{dice.random()}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        ).encode()

    return _request


def _no_operation() -> bytes:
    return f"GET /healthz HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()


def _rate(sockets: list[socket.socket], request: Request, seconds: float) -> float:
    """Keep one request under way on each connection; return how many a second were answered."""
    with selectors.DefaultSelector() as selector:
        for each in sockets:
            selector.register(each, selectors.EVENT_READ, each)
            each.sendall(request())
        answered = 0
        began = perf_counter()
        while (elapsed := perf_counter() - began) < seconds:
            for ready, _ in selector.select():
                connection: socket.socket = ready.data
                _read_answer(connection)
                answered += 1
                connection.sendall(request())
        for each in sockets:
            _read_answer(each)
    return answered / elapsed


def _read_answer(connection: socket.socket) -> None:
    answer = connection.recv(65_536)
    head, _, body = answer.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    while len(body) < length:
        body += connection.recv(65_536)
    if not head.startswith((b"HTTP/1.1 200", b"HTTP/1.1 201")):
        raise RuntimeError(f"the server answered {head!r}: {body!r}")


@contextmanager
def _serving(server: Server, url: str) -> Iterator[int]:
    """Run `deploy/serve.sh` as production does, and yield its port."""
    with socket.create_server((HOST, 0)) as free:
        port: int = free.getsockname()[1]
    process = subprocess.Popen(
        ["sh", PROJECT_ROOT / "deploy" / "serve.sh"],
        cwd=PROJECT_ROOT,
        env={
            "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
            "HOST": HOST,
            "PORT": str(port),
            "WEB_WORKERS": str(server.workers),
            "WEB_THREADS": str(server.threads),
            "DATABASE_URL": url,
            "BILLING_ENV": "production",
            "BILLING_BASE_URL": "https://billhook.example",
            "SECRET_KEY": secrets.token_hex(),
            "STRIPE_SECRET_KEY": "sk_live_bench",
            "STRIPE_WEBHOOK_SECRET": f"whsec_{secrets.token_hex()}",
            "API_SERVICE_RATE_LIMIT": "100000000",
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_until_ready(port)
        yield port
    finally:
        process.terminate()
        process.wait()


def _wait_until_ready(port: int) -> None:
    deadline = monotonic() + START_SECONDS
    while True:
        try:
            with socket.create_connection((HOST, port)) as connection:
                connection.sendall(_no_operation())
                _read_answer(connection)
                return
        except ConnectionError:
            if monotonic() > deadline:
                raise
            sleep(0.05)
