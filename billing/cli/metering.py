"""`flask billing verify`, `explain` and `expire`: the books, one decision, and what is due."""

import click

from billing.services import expiry, explanations, verification


@click.command()
def verify() -> None:
    """Recompute every balance and quota from the logs; list what differs, and exit with 1."""
    count = 0
    for count, breach in enumerate(verification.verify(), start=1):  # noqa: B007
        click.echo(str(breach))
    if count:
        raise click.ClickException(f"{count} breaches.")
    click.echo("The books agree.")


@click.command()
@click.argument("entry_id")
def explain(entry_id: str) -> None:
    """Say why a request (air_…), refusal (ref_…), hold (hold_…) or ledger line (txn_…) is so."""
    told = explanations.explain(entry_id)
    click.echo(f"{told.id}  user {told.user_id}  {told.created_at:%Y-%m-%d %H:%M:%S} UTC")
    click.echo(f"{told.decision}: {told.quantity} {told.feature}  tier {told.tier}")
    for number, step in enumerate(told.steps, start=1):
        click.echo(f"{number}. {step}")
    for lot in told.lots:
        for line in lot.history:
            click.echo(f"   lot {lot.lot_id}: {line}")


@click.command()
def expire() -> None:
    """Post what has come due for users who do nothing: expired lots and holds, new periods."""
    click.echo(f"{expiry.expire_due()} users brought up to date.")
