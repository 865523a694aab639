"""`flask billing grant`."""

from datetime import UTC, datetime
from uuid import uuid4

import click
from flask.cli import with_appcontext

from billing.cli.parameters import OneLine
from billing.database import MAX_AMOUNT
from billing.domain.ledger import LotSource
from billing.services import ledger, users


@click.command("grant")
@click.argument("email")
@click.argument("tokens", type=click.IntRange(1, MAX_AMOUNT))
@click.option(
    "--reason",
    type=OneLine(max_length=500),
    required=True,
    metavar="R",
    help="Why; the user reads it.",
)
@click.option(
    "--expires",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ"]),
    metavar="DATE",
    help="When what is left of them lapses: a day begins at 00:00 UTC. Never by default.",
)
@with_appcontext
def grant(email: str, tokens: int, *, reason: str, expires: datetime | None) -> None:
    """Grant TOKENS to the user with this EMAIL (or id)."""
    receipt = ledger.grant(
        users.get(email).id,
        tokens,
        source=LotSource.GRANT,
        reason=reason,
        actor="cli",
        idempotency_key=f"cli:{uuid4()}",
        expires_at=expires.replace(tzinfo=UTC) if expires else None,
    )
    click.echo(f"Granted {receipt.tokens} tokens; the balance is {receipt.token_balance}.")
