"""`flask billing events`: the webhook inbox."""

import json

import click
from flask.cli import AppGroup

from billing.cli.parameters import OneLine
from billing.domain.statuses import EventState
from billing.models import WebhookEvent
from billing.services import inbox, inbox_upkeep
from billing.web import gateway

events = AppGroup("events", help="The webhook inbox: what Stripe sent, and what came of it.")


@events.command("list")
@click.option("--state", type=click.Choice([state.value for state in EventState]))
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
def list_events(*, state: str | None, limit: int) -> None:
    """Print the newest events, newest first."""
    for event in inbox.list_events(state=EventState(state) if state else None, limit=limit):
        click.echo(_line(event))


@events.command("show")
@click.argument("event_id")
def show(event_id: str) -> None:
    """Print one event (evt_…) with its payload."""
    event = inbox.get(event_id)
    click.echo(_line(event))
    click.echo(json.dumps(json.loads(event.payload), indent=2, ensure_ascii=False))


@events.command("replay")
@click.argument("event_id")
def replay(event_id: str) -> None:
    """Apply one event (evt_…) again: its object is read from Stripe as it is now."""
    event = inbox.replay(inbox.get(event_id), gateway=gateway.current(), actor="cli")
    click.echo(_line(event))
    if not event.is_settled:
        raise click.exceptions.Exit(1)


@events.command("ignore")
@click.argument("event_id")
@click.option("--reason", type=OneLine(max_length=500), required=True, metavar="R")
def ignore(event_id: str, *, reason: str) -> None:
    """Settle one event (evt_…) without applying it."""
    click.echo(_line(inbox_upkeep.ignore(event_id, reason=reason, actor="cli")))


@events.command("purge")
@click.option(
    "--older-than",
    "days",
    type=click.IntRange(min=inbox_upkeep.KEPT_DAYS),
    required=True,
    metavar="DAYS",
    help=f"At least {inbox_upkeep.KEPT_DAYS}: until then Stripe may still name them.",
)
def purge(*, days: int) -> None:
    """Forget events that were settled, DAYS after they came."""
    click.echo(f"Purged {inbox_upkeep.purge(older_than_days=days)} events.")


def _line(event: WebhookEvent) -> str:
    received = f"{event.received_at:%Y-%m-%d %H:%M:%S}"
    line = (
        f"{received}  {event.stripe_event_id}  {event.type}  {event.state}"
        f"  attempts={event.attempts}"
    )
    return f"{line}  {event.last_error}" if event.last_error else line
