"""`flask billing record`."""

import json

import click
from flask.cli import with_appcontext

from billing.domain.metering import MAX_QUANTITY, Receipt
from billing.domain.moments import rfc3339
from billing.services import metering, users


@click.command("record")
@click.argument("email")
@click.argument("feature")
@click.option("--quantity", type=click.IntRange(1, MAX_QUANTITY), default=1, show_default=True)
@click.option("--key", metavar="K", help="Idempotency key: with the same one nothing is charged.")
@with_appcontext
def record(email: str, feature: str, *, quantity: int, key: str | None) -> None:
    """Record AI requests of the user with this EMAIL (or id), and print the receipt."""
    receipt = metering.record(users.get(email), feature, quantity, idempotency_key=key)
    click.echo(json.dumps(_document(receipt), indent=2))


def _document(receipt: Receipt) -> dict[str, object]:
    return {
        "id": receipt.id,
        "user": receipt.user,
        "feature": receipt.feature,
        "quantity": receipt.quantity,
        "from_quota": receipt.from_quota,
        "from_tokens": receipt.from_tokens,
        "tokens_charged": receipt.tokens_charged,
        "quota": {
            "limit": receipt.quota.limit,
            "used": receipt.quota.used,
            "remaining": receipt.quota.remaining,
            "resets_at": rfc3339(receipt.quota.resets_at),
        },
        "token_balance": receipt.token_balance,
        "created_at": rfc3339(receipt.created_at),
    }
