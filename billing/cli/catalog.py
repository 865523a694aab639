"""`flask billing catalog`: what is on sale, as a TOML file."""

from collections.abc import Sequence
from typing import BinaryIO

import click
from flask.cli import AppGroup

from billing.domain import catalog_file
from billing.domain.catalog_changes import Change
from billing.domain.catalog_render import render
from billing.services import catalog as service
from billing.services import tier_migrations
from billing.services.tier_migrations import When
from billing.web import gateway

catalog = AppGroup("catalog", help="What is on sale: tiers, features and packages as a TOML file.")
catalog_argument = click.argument("file", type=click.File("rb"))


@catalog.command("apply")
@catalog_argument
def apply(file: BinaryIO) -> None:
    """Make the database sell what FILE says; - is the standard input.

    Safe to repeat. New terms make a new version of a tier: subscribers keep the one they have.
    """
    document = catalog_file.parse(file.read())
    _print(service.apply(document, actor="cli"))


@catalog.command("diff")
@catalog_argument
def diff(file: BinaryIO) -> None:
    """Print what `apply FILE` would change."""
    _print(service.diff(catalog_file.parse(file.read())))


@catalog.command("export")
def export() -> None:
    """Print what is on sale as a file that `apply` takes."""
    click.echo(render(service.export()), nl=False)


@catalog.command("push")
def push() -> None:
    """Create or update the products and prices in Stripe. Safe to repeat."""
    for price in service.push(gateway.current()):
        click.echo(f"{price.lookup_key}  {price.stripe_price_id}")


@catalog.command("migrate")
@click.argument("tier")
@click.option("--to", "to_version", type=click.IntRange(min=1), required=True, metavar="VERSION")
@click.option("--when", type=click.Choice([each.value for each in When]), required=True)
def migrate(tier: str, *, to_version: int, when: str) -> None:
    """Move the subscribers of TIER to another of its versions; they keep theirs until then."""
    moves = tier_migrations.migrate(
        tier, to_version=to_version, when=When(when), actor="cli", gateway=gateway.current()
    )
    for move in moves:
        click.echo(f"user {move.user_id}: {move.why_not or 'moved'}")


def _print(changes: Sequence[Change]) -> None:
    for change in changes:
        click.echo(str(change))
    if not changes:
        click.echo("No changes.")
