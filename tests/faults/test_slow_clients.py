"""T21: clients that send half a header, nothing more, or half a body.

A body is read by a thread of the app, so that slow ones hold it up for as long as they stay: the
proxy in front must hold a body back until it is whole, as the operator's guide says.
"""

from __future__ import annotations

import socket
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from statistics import median

import pytest

from tests.faults.deployment import Deployment
from tests.faults.report import Report

pytestmark = pytest.mark.one_database

HALF_HEADERS, IDLE, SLOW_BODIES, LOOKS = 40, 200, 40, 20
START = b"POST /api/v1/ai-requests HTTP/1.1\r\nHost: 127.0.0.1\r\n"
BODY = START + b"Content-Type: application/json\r\nContent-Length: 5000\r\n\r\n{"
WHOLE = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
LIMIT_SECONDS = 0.1


@contextmanager
def connected(host: str, port: int, sent: bytes, clients: int) -> Iterator[None]:
    """Keep clients connected that have sent this and no more."""
    with ExitStack() as open_sockets:
        for _ in range(clients):
            client = open_sockets.enter_context(socket.create_connection((host, port), timeout=5))
            client.sendall(sent)
        yield


def seconds_of(url: str) -> float:
    began = time.monotonic()
    with urllib.request.urlopen(url, timeout=60):
        return time.monotonic() - began


def test_slow_clients_hold_nobody_up(deployment: Deployment, report: Report) -> None:
    settings = deployment.web.settings
    address, healthz = (settings.host, settings.port), f"{settings.base_url}/healthz"
    with connected(*address, START, HALF_HEADERS), connected(*address, WHOLE, IDLE):
        seconds = [seconds_of(healthz) for _ in range(LOOKS)]
        with deployment.load() as load:
            load.wait_for(50)

    assert median(seconds) < LIMIT_SECONDS
    figures = {
        "half headers": HALF_HEADERS,
        "idle": IDLE,
        "healthz": f"{median(seconds) * 1000:.0f} ms (slowest {max(seconds) * 1000:.0f} ms)",
        "charges": len(load.receipts),
    }
    report.add("slow and idle clients", figures, lost=deployment.lost(load))


def test_the_app_recovers_when_slow_bodies_leave(deployment: Deployment, report: Report) -> None:
    settings = deployment.web.settings
    with deployment.load() as load:
        load.wait_for(20)
        with connected(settings.host, settings.port, BODY, SLOW_BODIES):
            load.wait_until_all_wait()
        left = time.monotonic()
        load.wait_for(50)

    recovered = load.first_success_after(left)
    assert recovered < 1
    figures = {"half bodies": SLOW_BODIES, "first charge after they left": f"{recovered:.2f} s"}
    report.add("slow bodies, with no proxy in front", figures, lost=deployment.lost(load))
