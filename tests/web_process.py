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
START_SECONDS, STOP_SECONDS = 30, 10


@dataclass
class WebProcess:
    """The app under the server that `./dev run` uses, on the settings' port and database."""

    settings: Settings
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it (again), and wait until it answers."""
        command = [
            sys.executable, "-m", "granian", "--interface", "wsgi", "--workers", "1",
            "--blocking-threads", "8", "--no-ws", "--log-level", "warning",
            "--host", self.settings.host, "--port", str(self.settings.port), "wsgi:app",
        ]  # fmt: skip
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
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

    def _environment(self) -> dict[str, str]:
        return {
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
