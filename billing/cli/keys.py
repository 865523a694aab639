"""`flask billing create-key`."""

import click
from flask.cli import with_appcontext

from billing.cli.parameters import OneLine
from billing.services import api_keys, users


@click.command("create-key")
@click.option("--user", "email", metavar="EMAIL", help="Whom the key acts for.")
@click.option("--service", is_flag=True, help="The key of a host product: acts for any user.")
@click.option("--name", type=OneLine(max_length=100), metavar="N", help="What to call it in lists.")
@with_appcontext
def create_key(email: str | None, *, service: bool, name: str | None) -> None:
    """Print a new API key. Only its hash is stored: this is the only time that it is shown."""
    if service == (email is not None):
        raise click.UsageError("Give either --user EMAIL or --service.")
    user = users.get(email) if email is not None else None
    click.echo(api_keys.create(user=user, name=name or "", actor="cli"))
