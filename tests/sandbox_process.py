"""A payment sandbox of the test run's own, and its control panel as a class.

sandbox = start_sandbox(tmp_path)          # one process for the whole run
control = SandboxControl(sandbox.base_url, new_test_key())
control.complete_checkout(session.id, card="0002")
control.wait_until_idle()
sandbox.stop()
"""

import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS, STOP_SECONDS = 30, 10
THREADS = 32

Json = dict[str, Any]


def new_test_key() -> str:
    """A key nobody else uses: an account of its own in the sandbox."""
    return f"sk_test_{secrets.token_hex(12)}"


@dataclass
class SandboxProcess:
    """A running sandbox; `start` it again on the same port and store after `stop` or `kill`."""

    base_url: str
    database: Path
    environment: dict[str, str]
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> "SandboxProcess":
        host, _, port = self.base_url.removeprefix("http://").partition(":")
        command = [
            sys.executable, "-m", "granian", "--interface", "wsgi", "--host", host, "--port", port,
            "--workers", "1", "--blocking-threads", str(THREADS), "--no-ws",
            "--log-level", "warning", "billing.sandbox.wsgi:app",
        ]  # fmt: skip
        with (self.database.parent / "sandbox.log").open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=os.environ | self.environment, stdout=log, stderr=log
            )
        self._wait_until_ready()
        return self

    def stop(self) -> None:
        """End it as Ctrl-C would."""
        self._end(kill=False)

    def kill(self) -> None:
        """End it as a power cut would."""
        self._end(kill=True)

    def _end(self, *, kill: bool) -> None:
        process, self.process = self.process, None
        if process is None:
            return
        if kill:
            for child in _children(process.pid):
                os.kill(child, 9)
            process.kill()
        else:
            process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(STOP_SECONDS)
            raise

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.process is None or self.process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(f"{self.base_url}/_control/health", timeout=1):
                    return
            except OSError:
                time.sleep(0.05)
        log = (self.database.parent / "sandbox.log").read_text(encoding="utf-8")
        raise RuntimeError(f"the sandbox did not start:\n{log}")


def start_sandbox(tmp_path: Path, **environment: str) -> SandboxProcess:
    """Start a sandbox on a free port with its store under `tmp_path`."""
    port, database = _free_port(), tmp_path / "sandbox.db"
    settings = {
        "BILLING_ENV": "development",
        "HOST": "127.0.0.1",
        "SANDBOX_PORT": str(port),
        "SANDBOX_DATABASE": str(database),
        "STRIPE_SECRET_KEY": "",
        "STRIPE_WEBHOOK_SECRET": "",
    }
    process = SandboxProcess(f"http://127.0.0.1:{port}", database, settings | environment)
    return process.start()


class SandboxControl:
    """What only a sandbox can do, for one account: `/_control/` over HTTP."""

    def __init__(self, base_url: str, api_key: str) -> None:
        self.base_url, self.api_key = base_url, api_key

    def complete_checkout(self, session_id: str, **options: object) -> Json:
        """Pay without a browser: `card`, `email`, `webhooks`, `copies`, `shuffle`, `authenticate`.

        Returns `{"result": "paid" | "declined" | …, "decline": code, "session": {…}}`.
        """
        return self._post(f"/checkout/{session_id}/complete", options)

    def settle_checkout(self, session_id: str) -> Json:
        """The money of a pays-later session arrives."""
        return self._post(f"/checkout/{session_id}/settle", {})

    def fail_checkout(self, session_id: str) -> Json:
        """The money of a pays-later session does not arrive."""
        return self._post(f"/checkout/{session_id}/fail", {})

    def dispute(self, charge_id: str, **options: object) -> Json:
        """The bank contests a charge (or the last one of a payment intent).

        `reason` (fraudulent), `inquiry` (True only asks and moves no money), `amount`.
        """
        return self._post(f"/charges/{charge_id}/dispute", options)

    def close_dispute(self, dispute_id: str, status: str) -> Json:
        """The bank decides: `won`, `lost` or, for an inquiry, `warning_closed`."""
        return self._post(f"/disputes/{dispute_id}/close", {"status": status})

    def escalate_dispute(self, dispute_id: str) -> Json:
        """An inquiry becomes a chargeback."""
        return self._post(f"/disputes/{dispute_id}/escalate", {})

    def refund(self, charge_id: str, **options: object) -> Json:
        """Refund from the dashboard: `amount` (all that is left) in minor units, `reason`."""
        return self._post(f"/charges/{charge_id}/refund", options)

    def fail_refund(self, refund_id: str) -> Json:
        """The bank sends a refund back, later than it was made."""
        return self._post(f"/refunds/{refund_id}/fail", {})

    def authenticate_setup(self, setup_intent_id: str, *, approved: bool) -> Json:
        """Answer the bank's question about a setup intent."""
        given = {"approved": approved}
        return self._post(f"/setup_intents/{setup_intent_id}/authenticate", given)

    def events(self, **filters: str) -> list[Json]:
        """Events oldest first with `deliveries`; filters `type`, `state`, `object`."""
        found: list[Json] = self._get(f"/events?{urllib.parse.urlencode(filters)}")["data"]
        return found

    def deliver(self, event_id: str, *, times: int = 1, delay_seconds: float = 0) -> Json:
        """Send an event (again)."""
        given = {"times": times, "delay": delay_seconds}
        return self._post(f"/events/{event_id}/deliver", given)

    def deliver_webhooks(self, mode: str) -> Json:
        """`normal`, `hold`, `late`, `shuffle`, `duplicate` or `drop`, from now on."""
        return self._post("/deliveries", {"mode": mode})

    def fail_next(self, operation: str, status: int | str = 500, **options: object) -> Json:
        """Make the next `times` calls fail: an HTTP status, or `timeout`, `reset`, `html`, `slow`.

        `operation` is "checkout.sessions", a path prefix or "POST /v1/refunds";
        `when="after"` lets the call take effect and loses only its answer.
        """
        if operation and "/" not in operation:
            operation = f"/v1/{operation.replace('.', '/')}"
        return self._post("/fail", {"operation": operation, "status": status} | options)

    def heal(self) -> Json:
        """Forget the failures that have not happened yet."""
        return self._post("/fail", {"clear": True})

    def advance(self, **how: object) -> Json:
        """Let time pass for the account: `seconds`, or up to `to`; returns `{"now": …}`."""
        return self._post("/advance", how)

    def begin(self, **when: object) -> Json:
        """Let an account without customers begin `at` a moment in the past."""
        return self._post("/begin", when)

    def set_billing(self, **settings: object) -> Json:
        """`retry_days`, `after_retries` (cancel, unpaid, past_due), `upcoming_days`."""
        return self._post("/billing", settings)

    def fail_payments(self, subscription_id: str, outcome: str, *, times: int = 1) -> Json:
        """The next payments of a subscription: `decline`, `authenticate` or `normal`."""
        given = {"outcome": outcome, "times": times}
        return self._post(f"/subscriptions/{subscription_id}/payments", given)

    def answer_bank(self, payment_intent_id: str, *, approved: bool) -> Json:
        """The customer confirms a payment that the bank asked about, or does not."""
        path = f"/payment_intents/{payment_intent_id}/authenticate"
        return self._post(path, {"approved": approved})

    def reset(self) -> Json:
        """Forget everything of the account, deliveries that are still to come included."""
        return self._post("/reset", {})

    def wait_until_idle(self, timeout_seconds: float = 15) -> None:
        """Block until every webhook of the account was delivered."""
        answer = self._get(f"/idle?timeout={timeout_seconds}")
        if not answer["idle"]:
            raise TimeoutError(f"{answer['pending']} webhooks are still pending")

    def _get(self, path: str) -> Json:
        return self._send(urllib.request.Request(self._url(path)))

    def _post(self, path: str, given: Json) -> Json:
        data = json.dumps(given).encode()
        request = urllib.request.Request(self._url(path), data, method="POST")
        request.add_header("Content-Type", "application/json")
        return self._send(request)

    def _url(self, path: str) -> str:
        return f"{self.base_url}/_control{path}"

    def _send(self, request: urllib.request.Request) -> Json:
        request.add_header("Authorization", f"Bearer {self.api_key}")
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                answer: Json = json.load(response)
        except urllib.error.HTTPError as refused:
            raise RuntimeError(f"{refused.code}: {refused.read().decode()}") from refused
        return answer


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _children(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8")
    return [int(child) for child in children.split()]
