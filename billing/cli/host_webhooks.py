"""`flask billing host-webhooks`: what the host is told, and whether it took it."""

import click
from flask.cli import AppGroup

from billing.models import HostWebhook
from billing.services import host_webhooks as service
from billing.services.host_webhooks import Endpoint
from billing.web import host_endpoint

host_webhooks = AppGroup("host-webhooks", help="Webhooks to the host: list, show, send, replay.")


@host_webhooks.command("list")
@click.option("--waiting", is_flag=True, help="Only what the host has not taken.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
def list_webhooks(*, waiting: bool, limit: int) -> None:
    """Print the newest events, newest first."""
    for webhook in service.list_newest(limit=limit, only_waiting=waiting):
        click.echo(_line(webhook))


@host_webhooks.command("show")
@click.argument("event_id")
def show(event_id: str) -> None:
    """Print one event (evt_…) as the host gets it."""
    webhook = service.get(event_id)
    click.echo(_line(webhook))
    click.echo(service.payload_of(webhook).decode())


@host_webhooks.command("replay")
@click.argument("event_id")
def replay(event_id: str) -> None:
    """Send one event (evt_…) again; exit 1 when the host does not take it."""
    webhook = service.replay(event_id, endpoint=_endpoint())
    click.echo(_line(webhook))
    if webhook.delivered_at is None:
        raise click.exceptions.Exit(1)


@host_webhooks.command("deliver")
def deliver() -> None:
    """Send what is due. The web app does it by itself; run this from a timer where none runs."""
    click.echo(f"Delivered {service.deliver_pending(_endpoint())}.")


def _endpoint() -> Endpoint:
    endpoint = host_endpoint.current()
    if endpoint is None:
        raise click.ClickException("HOST_WEBHOOK_URL is not set: nobody listens.")
    return endpoint


def _line(webhook: HostWebhook) -> str:
    created = f"{webhook.created_at:%Y-%m-%d %H:%M:%S}"
    state = "delivered" if webhook.delivered_at else "waiting"
    line = f"{created}  {webhook.event_id}  {webhook.type}  {state}  attempts={webhook.attempts}"
    return f"{line}  {webhook.last_error}" if webhook.last_error else line
