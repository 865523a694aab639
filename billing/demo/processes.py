"""Child processes that are started, watched and stopped together, and of which none is left."""

from __future__ import annotations

import contextlib
import ctypes
import http.client
import os
import signal
import subprocess
import sys
import time
from typing import NoReturn

START_SECONDS = 60
DRAIN_SECONDS = 15
POLL_SECONDS = 0.05
PR_SET_PDEATHSIG = 1


class ProcessFailed(Exception):
    """A process did not start, or ended although nobody asked it to."""


class Processes:
    """The started programs, each in a group of its own."""

    def __init__(self) -> None:
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, *arguments: str) -> None:
        """Start Python with these arguments."""
        self._running[name] = subprocess.Popen(  # noqa: S603 - our own programs
            [sys.executable, *arguments],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=_die_with_parent,
        )

    def wait_for(self, name: str, host: str, port: int, *, path: str) -> None:
        """Wait until the program answers over HTTP.

        Raises:
            ProcessFailed: it ended, or does not answer in time.
        """
        deadline = time.monotonic() + START_SECONDS
        while not _answers(host, port, path):
            if self._running[name].poll() is not None:
                raise ProcessFailed(f"{name} ended at its start; the reason is above")
            if time.monotonic() > deadline:
                raise ProcessFailed(f"{name} did not answer within {START_SECONDS} seconds")
            time.sleep(POLL_SECONDS)

    def wait_for_an_end(self) -> NoReturn:
        """Block until one of the programs ends although nobody asked it to."""
        while True:
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
            for name, process in self._running.items():
                if process.poll() is not None:
                    raise ProcessFailed(f"{name} ended unexpectedly; stopping the rest")
            # Process 1 of a container also inherits strangers.
            if ended is not None:
                os.waitpid(ended.si_pid, 0)

    def stop(self) -> None:
        """Let each program finish its requests, then end whatever is left of its group."""
        for process in self._running.values():
            process.terminate()
        deadline = time.monotonic() + DRAIN_SECONDS
        for process in self._running.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=max(0, deadline - time.monotonic()))
            # A worker of granian lives on when its main process is killed.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _die_with_parent() -> None:
    """Have the kernel stop this child when its parent is killed and can stop nothing any more."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _answers(host: str, port: int, path: str) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status < http.HTTPStatus.INTERNAL_SERVER_ERROR
    except (OSError, http.client.HTTPException):
        # Not yet: the caller asks again, and has the last word on how long.
        return False
    finally:
        connection.close()
