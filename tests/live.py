"""The app over real HTTP in a thread, for what needs an address: webhooks and browsers."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

HOST = "127.0.0.1"


class QuietHandler(WSGIRequestHandler):
    """Leaves the request log to the app, which has its own."""

    def log(self, _type: str, _message: str, *_arguments: object) -> None:
        return


def listen() -> socket.socket:
    """Return a socket that listens on a free port and keeps it."""
    return socket.create_server((HOST, 0), backlog=128)


@contextmanager
def serving(app: Flask, listener: socket.socket) -> Iterator[None]:
    """Serve the app on that socket, a thread a request, until the end of the block."""
    port = listener.getsockname()[1]
    server = make_server(
        HOST, port, app, threaded=True, request_handler=QuietHandler, fd=listener.fileno()
    )
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
