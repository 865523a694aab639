"""`flask billing create-key`, and `flask billing keys` for what became of them."""

from datetime import UTC, datetime

import click
from flask.cli import AppGroup, with_appcontext

from billing.cli.parameters import OneLine
from billing.models import ApiKey
from billing.services import api_keys, users

keys = AppGroup("keys", help="API keys: list, revoke.")


@click.command("create-key")
@click.option("--user", "email", metavar="EMAIL", help="Whom the key acts for.")
@click.option("--service", is_flag=True, help="The key of a host product: acts for any user.")
@click.option("--name", type=OneLine(max_length=100), metavar="N", help="What to call it in lists.")
@click.option("--read-only", is_flag=True, help="The key may look, and change nothing.")
@click.option(
    "--expires",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="The day (UTC) from which on it stops working.",
)
@with_appcontext
def create_key(
    email: str | None,
    *,
    service: bool,
    name: str | None,
    read_only: bool,
    expires: datetime | None,
) -> None:
    """Print a new API key. Only its hash is stored: this is the only time that it is shown."""
    if service == (email is not None):
        raise click.UsageError("Give either --user EMAIL or --service.")
    user = users.get(email) if email is not None else None
    raw_key = api_keys.create(
        user=user,
        name=name or "",
        actor="cli",
        scopes=("read",) if read_only else api_keys.ALL_SCOPES,
        expires_at=expires.replace(tzinfo=UTC) if expires else None,
    )
    click.echo(raw_key)


@keys.command("list")
@click.option("--user", "email", metavar="EMAIL", help="The keys of one user.")
def list_keys(*, email: str | None) -> None:
    """Print the host's keys, newest first; of a user only those that were not revoked."""
    found = api_keys.list_for(users.get(email)) if email else api_keys.list_service_keys()
    for key in found:
        click.echo(_line(key))


@keys.command("revoke")
@click.argument("prefix")
def revoke(prefix: str) -> None:
    """Make the key stop working for ever; PREFIX is as `list` shows it (bk_…)."""
    key = api_keys.get(prefix.removeprefix("bk_"))
    api_keys.revoke(key.id, actor="cli")
    click.echo(_line(key))


def _line(key: ApiKey) -> str:
    facts = {
        "expires": key.expires_at,
        "last used": key.last_used_at,
        "revoked": key.revoked_at,
    }
    told = [f"{name} {moment:%Y-%m-%d %H:%M}" for name, moment in facts.items() if moment]
    return "  ".join([f"bk_{key.prefix}", key.scopes, key.name or "-", *told])
