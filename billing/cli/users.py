"""`flask billing create-user`."""

import sys

import click
from flask.cli import with_appcontext

from billing.cli.parameters import OneLine
from billing.domain import email_addresses, passwords
from billing.domain.email_addresses import BadEmailAddress
from billing.services import second_factor, users


@click.command("create-user")
@click.argument("email")
@click.option("--admin", is_flag=True, help="Let the user open the admin pages.")
@click.option(
    "--external-id",
    type=OneLine(max_length=200),
    metavar="X",
    help="The host product's own id of the user.",
)
@click.option("--password-stdin", is_flag=True, help="Read the password from the standard input.")
@with_appcontext
def create_user(email: str, *, admin: bool, external_id: str | None, password_stdin: bool) -> None:
    """Create a user and print the id.

    The free subscription and the token balance come by themselves. Without a password the user
    cannot log in until it is set by "Forgot password".
    """
    try:
        address = email_addresses.normalize(email)
    except BadEmailAddress as error:
        raise click.BadParameter(f"{error}.", param_hint="EMAIL") from error
    password_hash = _read_password_hash(address) if password_stdin else None
    user = users.create(
        address, password_hash=password_hash, external_id=external_id, is_admin=admin, actor="cli"
    )
    click.echo(user.id)


def _read_password_hash(email: str) -> str:
    password = sys.stdin.readline().rstrip("\r\n")
    problem = passwords.find_problem(password, email)
    if problem:
        raise click.BadParameter(f"{problem}.", param_hint="--password-stdin")
    return passwords.hash_password(password)


@click.command("turn-off-second-factor")
@click.argument("email")
@with_appcontext
def turn_off_second_factor(email: str) -> None:
    """Let a user who lost phone and codes log in by the password alone, to set it up again."""
    second_factor.turn_off(users.get(email), actor="cli")
    click.echo("The password alone logs in now.")
