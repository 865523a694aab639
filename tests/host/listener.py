"""A host that listens: it keeps what it got, and answers what it is told to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import stripe

SECRET = "whsec_of_a_test_host_0123456789"


@dataclass
class Host:
    """What reached the host, newest last."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    received: list[tuple[bytes, str]] = field(default_factory=list)
    url: str = ""

    def events(self) -> list[dict[str, Any]]:
        """Return the events, each checked by Stripe's own library."""
        return [
            stripe.Webhook.construct_event(body, signature, SECRET).to_dict()
            for body, signature in self.received
        ]

    def types(self) -> list[str]:
        return [event["type"] for event in self.events()]


@contextmanager
def listening() -> Iterator[Host]:
    """Serve a host on a free port of this machine."""
    host = Host()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            host.received.append((body, self.headers["Billhook-Signature"]))
            self.send_response(host.status)
            for name, value in host.headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Handler)
    host.url = f"http://127.0.0.1:{server.server_port}/hooks?from=billhook"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield host
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
