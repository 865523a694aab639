"""The shipped server at its socket: what is not one clear request is refused, and never two.

H10 (length), H11 (smuggling, TRACE).
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from billing.settings import Settings
from tests.settings import make_settings
from tests.web_process import WebProcess

# The server takes 400 KB, and more where one read brings it: under load a single one may.
LONGER_THAN_ANY_BUFFER = 4_000_000
SMUGGLED = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
LENGTH_AND_CHUNKS = b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
# What follows `POST /login HTTP/1.1` and the host, and the statuses that are right.
AMBIGUOUS = {
    LENGTH_AND_CHUNKS: {400, 411},
    b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n": {400, 411},
    b"Content-Length: 4\r\nContent-Length: 0\r\n\r\n": {400},
    b"Content-Length: 4, 0\r\n\r\n": {400},
    b"Content-Length: +0\r\n\r\n": {400},
    b"Content-Length: -1\r\n\r\n": {400},
    b"Content-Length: 0x0\r\n\r\n": {400},
    b"Content-Length: " + b"9" * 40 + b"\r\n\r\n": {400},
    b"Content-Length : 4\r\n\r\n": {400},
    b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n": {400},
    b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n": {400},
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n": {400},
    b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n\r\n": {400, 411},
    b"X-A: b\r\n Content-Length: 50\r\n\r\n": {400},
    b"X-A: b\nContent-Length: 50\r\n\r\n": {400},
    b"X-A: b\0c\r\n\r\n": {400},
    b"X-A: " + b"a" * LONGER_THAN_ANY_BUFFER + b"\r\n\r\n": {431},
}
PLAIN = {
    b"POST /login": {b"Content-Length: 10737418240\r\n\r\nx": 413},
    b"POST /api/v1/ai-requests": {b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n": 411},
    b"TRACE /": {b"\r\n": 405},
    b"CONNECT evil.test:80": {b"\r\n": 404},
}
PATIENCE_SECONDS = 10

pytestmark = pytest.mark.one_database


@pytest.fixture
def port(database: str, tmp_path: Path) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        free: int = probe.getsockname()[1]
    settings: Settings = make_settings(database_url=database, port=free)
    server = WebProcess(settings, tmp_path / "server.log")
    server.start()
    yield free
    server.kill()


def _statuses(port: int, request: bytes) -> list[int]:
    """Send the bytes, and return the status of each answer until the server closes."""
    answer = b""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS) as connection:
        # It may answer, and leave the rest of the request unread.
        with suppress(ConnectionError):
            connection.sendall(request)
        with suppress(ConnectionError):
            while part := connection.recv(65_536):
                answer += part
    return [int(line.split()[1]) for line in answer.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")]


def test_the_server_hears_one_request_or_none(port: int) -> None:
    host = f"Host: 127.0.0.1:{port}\r\n".encode()
    close = b"Connection: close\r\n"
    found = {
        rest: _statuses(port, b"POST /login HTTP/1.1\r\n" + host + close + rest + SMUGGLED)
        for rest in AMBIGUOUS
    }
    plain = {
        (line, rest): _statuses(port, line + b" HTTP/1.1\r\n" + host + close + rest)
        for line, cases in PLAIN.items()
        for rest in cases
    }

    wrong = {
        rest: got for rest, got in found.items() if len(got) != 1 or got[0] not in AMBIGUOUS[rest]
    }
    assert wrong == {}
    assert plain == {(a, b): [status] for a, cases in PLAIN.items() for b, status in cases.items()}
