"""`python -m billing.demo`, or `./dev run`: everything on one machine, in the foreground."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import sys
from pathlib import Path
from typing import NoReturn

import click

from billing.demo.people import Person
from billing.demo.prepare import prepare
from billing.demo.processes import Processes, ProcessFailed
from billing.settings import DEVELOPMENT_SECRET_KEY, PROJECT_ROOT, Settings, load

INSTANCE = PROJECT_ROOT / "instance"
ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - read, not bound
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SANDBOX = "the payment sandbox"
WEB_APP = "the web app"
WORKER = "the worker"
GRANIAN = (
    *("-m", "granian", "--interface", "wsgi", "--http", "1", "--no-ws", "--log-level", "error"),
    *("--workers", "1", "--blocking-threads", "8", "--workers-kill-timeout", "10s"),
)


class Stopped(BaseException):
    """Ctrl-C, SIGTERM or a closed terminal."""


class PortTaken(Exception):
    """Something else listens there; the message names the port and its variable."""


def main() -> int:
    """Serve until a signal comes (0) or something ends by itself (1)."""
    for number in STOP_SIGNALS:
        signal.signal(number, _raise_stopped)
    processes = Processes()
    try:
        _serve(processes, _development_settings())
    except Stopped:
        click.echo("\nStopping.")
    except (ProcessFailed, PortTaken) as failure:
        click.echo(f"dev: {failure}", err=True)
        return 1
    finally:
        _ignore_signals()
        processes.stop()
    return 0


def _serve(processes: Processes, settings: Settings) -> NoReturn:
    _refuse_taken_port(settings.host, settings.port, "PORT")
    host = ANY_ADDRESS.get(settings.host, settings.host)
    if settings.uses_sandbox:
        _refuse_taken_port(settings.host, settings.sandbox_port, "SANDBOX_PORT")
        sandbox_address = ("--host", settings.host, "--port", str(settings.sandbox_port))
        processes.start(SANDBOX, *GRANIAN, *sandbox_address, "billing.sandbox.wsgi:app")

    def wait_for_sandbox() -> None:
        if settings.uses_sandbox:
            processes.wait_for(SANDBOX, host, settings.sandbox_port, path="/")

    known = prepare(settings, before_push=wait_for_sandbox)
    address = ("--host", settings.host, "--port", str(settings.port))
    processes.start(WEB_APP, *GRANIAN, *address, "wsgi:app")
    processes.wait_for(WEB_APP, host, settings.port, path="/healthz")
    processes.start(WORKER, "-m", "flask", "--app", "wsgi", "billing", "worker")
    _announce(settings, host, known)
    processes.wait_for_an_end()


def _announce(settings: Settings, host: str, known: list[Person]) -> None:
    click.echo(f"\nBillhook         http://{host}:{settings.port}/pricing")
    if settings.uses_sandbox:
        click.echo(f"Payment sandbox  http://{host}:{settings.sandbox_port}/")
    click.echo(f"Metrics          http://{host}:{settings.port}/metrics")
    click.echo(f"                 Authorization: Bearer {settings.metrics_token}")
    click.echo("\nDemo logins")
    for person in known:
        click.echo(f"  {person.email:<24} {person.password:<20} {person.shows}")
    click.echo("\nCtrl-C stops everything; the data stays.")


def _development_settings() -> Settings:
    """Return the settings, with secrets of this clone's own for the processes to come."""
    os.umask(0o077)
    INSTANCE.mkdir(exist_ok=True)
    INSTANCE.chmod(0o700)
    settings = load()
    # Not into os.environ, which only settings.py reads: the children inherit this.
    if settings.secret_key == DEVELOPMENT_SECRET_KEY:
        os.putenv("SECRET_KEY", _own_secret(INSTANCE / "secret_key"))
    if settings.metrics_token is None:
        token = _own_secret(INSTANCE / "metrics_token")
        os.putenv("METRICS_TOKEN", token)
        settings = settings.model_copy(update={"metrics_token": token})
    if settings.metrics_directory is None:
        os.putenv("PROMETHEUS_MULTIPROC_DIR", str(_emptied(INSTANCE / "metrics")))
    return settings


def _emptied(directory: Path) -> Path:
    """Return the directory in which web app and worker count together, from zero."""
    directory.mkdir(exist_ok=True)
    for left_behind in directory.glob("*.db"):
        left_behind.unlink()
    return directory


def _own_secret(path: Path) -> str:
    """Return what the file holds; it is made at the first start, so that log-ins outlive one."""
    if not path.exists():
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_hex(32))
        draft.replace(path)
    return path.read_text()


def _refuse_taken_port(host: str, port: int, variable: str) -> None:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            reason = (error.strerror or "cannot be used").lower()
            raise PortTaken(
                f"port {port} on {host}: {reason}; choose another with {variable}"
            ) from None


def _raise_stopped(_number: int, _frame: object) -> NoReturn:
    _ignore_signals()
    raise Stopped


def _ignore_signals() -> None:
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)


if __name__ == "__main__":
    sys.exit(main())
