"""A mail server of a few lines on loopback, that keeps what it is given or refuses it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Thread


@dataclass
class MailServer:
    """What one server was told; `refuses` makes it say no to every recipient."""

    refuses: bool = False
    port: int = 0
    commands: list[str] = field(default_factory=list)
    messages: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def answer(self, command: str) -> bytes:
        verb = command[:4].upper()
        self.commands.append(command)
        if verb == "EHLO":
            return b"250-localhost\r\n250 AUTH PLAIN\r\n"
        if verb == "AUTH":
            return b"235 welcome\r\n"
        if verb == "RCPT" and self.refuses:
            return b"550 no such mailbox\r\n"
        if verb == "DATA":
            return b"354 go on\r\n"
        return b"221 bye\r\n" if verb == "QUIT" else b"250 ok\r\n"


@contextmanager
def mail_server() -> Iterator[MailServer]:
    """Serve on a free port of loopback until the end of the block."""
    state = MailServer()

    class _Handler(StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 localhost\r\n")
            while line := self.rfile.readline().decode().rstrip():
                self.wfile.write(state.answer(line))
                if line.upper() == "DATA":
                    lines = iter(self.rfile.readline, b".\r\n")
                    state.messages.append(b"".join(lines))
                    self.wfile.write(b"250 kept\r\n")

    with ThreadingTCPServer(("127.0.0.1", 0), _Handler) as server:
        state.port = server.server_address[1]
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield state
        server.shutdown()
        thread.join()
