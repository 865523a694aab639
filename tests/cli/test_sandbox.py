"""`flask billing sandbox`: a server of its own that stops when it is told to."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner

START_SECONDS = 30


@pytest.mark.slow
def test_it_answers_on_its_port_and_ends_with_its_process(tmp_path: Path) -> None:
    port = free_port()
    environment = os.environ | {
        "SANDBOX_PORT": str(port),
        "SANDBOX_DATABASE": str(tmp_path / "sandbox.db"),
        "DATABASE_URL": f"sqlite:///{tmp_path / 'billing.db'}",
    }
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "billing", "sandbox"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
        answer = wait_for_answer(f"http://127.0.0.1:{port}/_control/health")
        process.terminate()
        process.wait(timeout=START_SECONDS)

    assert answer == 200
    assert refuses_connections(port)


def test_it_does_not_run_in_production(app: Flask, cli: FlaskCliRunner) -> None:
    settings = app.extensions["billing_settings"]
    app.extensions["billing_settings"] = settings.model_copy(update={"environment": "production"})

    result = cli.invoke(args=["billing", "sandbox"])

    assert result.exit_code == 1
    assert result.stderr == "Error: The payment sandbox does not run in production.\n"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def refuses_connections(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def wait_for_answer(url: str) -> int:
    """Return the status once somebody answers."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=1) as response:
                status: int = response.status
                return status
        except OSError:
            time.sleep(0.05)
    raise TimeoutError(url)
