"""`flask billing sandbox`: the local payment sandbox alone."""

import os
import sys

import click
from flask import current_app
from flask.cli import with_appcontext

from billing.settings import Settings

SERVER = ("-m", "granian", "--interface", "wsgi", "--http", "1", "--no-ws", "--log-level", "error")
# One process: what the sandbox holds in memory (timers, deliveries) is in one place.
WORKERS = ("--workers", "1", "--blocking-threads", "16")


@click.command("sandbox")
@with_appcontext
def sandbox() -> None:
    """Run the payment sandbox on HOST:SANDBOX_PORT until it is stopped."""
    settings: Settings = current_app.extensions["billing_settings"]
    if settings.is_production:
        raise click.ClickException("The payment sandbox does not run in production.")
    click.echo(f"Payment sandbox on {settings.sandbox_url}", err=True)
    address = ("--host", settings.host, "--port", str(settings.sandbox_port))
    arguments = (sys.executable, *SERVER, *WORKERS, *address, "billing.sandbox.wsgi:app")
    # Replaced, not started: whoever runs this command stops the server by its own process id.
    os.execv(sys.executable, arguments)  # noqa: S606 - our own program
