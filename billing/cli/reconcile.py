"""`flask billing reconcile`."""

from datetime import UTC, datetime

import click
from flask.cli import with_appcontext

from billing.services import reconciliation
from billing.web import gateway


@click.command("reconcile")
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="From when on (00:00 UTC); 30 days ago by default, which is as long as events last.",
)
@click.option("--dry-run", is_flag=True, help="Print the differences and change nothing.")
@with_appcontext
def reconcile(*, since: datetime | None, dry_run: bool) -> None:
    """Compare Stripe with our books, and repair what differs."""
    found = 0
    for difference in reconciliation.reconcile(
        gateway=gateway.current(),
        since=since.replace(tzinfo=UTC) if since else None,
        is_dry_run=dry_run,
    ):
        found += 1
        click.echo(str(difference))
    click.echo(f"{found} differences." if found != 1 else "1 difference.")
