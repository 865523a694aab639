"""The group that every command hangs on, and the one place where refusals become text."""

from typing import Any

import click
from flask.cli import AppGroup

from billing.errors import BillingError


class BillingGroup(AppGroup):
    """An expected refusal prints `Error: …` to stderr and exits with 1; wrong usage with 2."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BillingError as error:
            raise click.ClickException(_describe(error)) from error


def _describe(error: BillingError) -> str:
    """Return the detail, with the numbers and names that a program would get as members."""
    facts = ", ".join(
        f"{name} {'unlimited' if value is None else value}"
        for name, value in error.members.items()
        if not isinstance(value, list | dict)
    )
    return f"{error.detail} ({facts})" if facts else error.detail


billing = BillingGroup("billing", help="Run the billing: users, catalog, tokens, events.")
