"""The web app as a process of its own, which can be ended as a power cut would end it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from billing.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS, STOP_SECONDS = 60, 40


@dataclass
class WebProcess:
    """The app as production serves it, on the settings' port and database."""

    settings: Settings
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it (again), and wait until it answers."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [ROOT / "deploy" / "serve.sh"],
                cwd=ROOT,
                env=os.environ | self._environment(),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._wait_until_ready()

    def kill(self) -> None:
        """End it, and its workers, in the middle of whatever they do."""
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(STOP_SECONDS)
            self.process = None

    def terminate(self) -> None:
        """Ask it to end as an orchestrator would; it may finish what it is at."""
        if self.process is not None:
            self.process.terminate()

    def wait_for_end(self) -> int:
        """Block until it has ended; return its exit code."""
        process, self.process = self.process, None
        return process.wait(STOP_SECONDS) if process is not None else 0

    def process_ids(self) -> list[int]:
        """Return the server's process and its workers'."""
        found = [self.process.pid] if self.process is not None else []
        for pid in found:
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
            found.extend(map(int, children.split()))
        return found

    def memory_bytes(self) -> int:
        """Return how much memory they hold, together."""
        statm = [Path(f"/proc/{pid}/statm").read_text() for pid in self.process_ids()]
        return sum(int(line.split()[1]) for line in statm) * os.sysconf("SC_PAGE_SIZE")

    def open_files(self) -> int:
        """Return how many files and sockets they have open, together."""
        return sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in self.process_ids())

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOST": self.settings.host,
            "PORT": str(self.settings.port),
            "DATABASE_URL": self.settings.database_url,
            "SECRET_KEY": self.settings.secret_key,
            "STRIPE_SECRET_KEY": self.settings.stripe_secret_key,
            "STRIPE_WEBHOOK_SECRET": ",".join(self.settings.stripe_webhook_secrets),
            "STRIPE_API_BASE": self.settings.stripe_api_base or "",
            "BILLING_ENV": "development",
        }

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.process is None or self.process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(f"{self.settings.base_url}/healthz", timeout=1):
                    return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError(f"the app did not start:\n{self.log.read_text(encoding='utf-8')}")
