"""A PostgreSQL that keeps what it promised: to be stopped, killed and started on the same data."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.postgres_server import (
    NOBODY,
    die_with_parent,
    initialise,
    lay_out_binaries,
    wait_until_ready,
)

STOP_SECONDS = 30
# As it comes, and so durable: only what a machine of many tests has no room for is smaller.
SETTINGS = {"listen_addresses": "", "shared_buffers": "64MB", "timezone": "UTC"}
# What `pg_ctl stop -m` would send.
FAST, IMMEDIATE = signal.SIGINT, signal.SIGQUIT


@dataclass
class PostgresProcess:
    """A cluster of its own, and the server over it while there is one."""

    home: Path
    binaries: Path
    server: subprocess.Popen[bytes] | None = None

    @classmethod
    def create(cls) -> PostgresProcess:
        """Make a cluster and start its server."""
        home = Path(tempfile.mkdtemp(prefix="billhook-faults-"))
        process = cls(home, lay_out_binaries(home))
        initialise(process.binaries, home, user=_nobody())
        process.start()
        return process

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://postgres@/postgres?host={self.home}"

    def start(self) -> None:
        """Start the server (again), and wait until it answers."""
        settings = [f"--{name}={value}" for name, value in SETTINGS.items()]
        with (self.home / "log").open("ab") as log:
            self.server = subprocess.Popen(
                [self.binaries / "postgres", "-D", self.home / "data", "-k", self.home, *settings],
                cwd=self.home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                user=_nobody(),
                preexec_fn=die_with_parent,
            )
        wait_until_ready(self.server, self.home)

    def stop(self, how: signal.Signals = FAST) -> None:
        """Stop it: FAST ends every transaction first, IMMEDIATE only leaves."""
        if self.server is not None:
            self.server.send_signal(how)
            self.server.wait(STOP_SECONDS)
            self.server = None

    def kill(self) -> None:
        """End it and all its processes with SIGKILL, as a lack of memory or a power cut would."""
        if self.server is None:
            return
        backends = _children(self.server.pid)
        self.server.kill()
        self.server.wait(STOP_SECONDS)
        self.server = None
        for backend in backends:
            _kill(backend)
        deadline = time.monotonic() + STOP_SECONDS
        while any(map(_is_running, backends)) and time.monotonic() < deadline:
            time.sleep(0.01)

    def remove(self) -> None:
        """Stop it, and delete its data."""
        self.stop(IMMEDIATE)
        shutil.rmtree(self.home, ignore_errors=True)


def _nobody() -> int | None:
    return NOBODY if os.geteuid() == 0 else None


def _children(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8")
    return [int(child) for child in children.split()]


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return  # it saw its parent go


def _is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
