"""`flask billing <verb>`: parse, call one service, print."""

from flask import Flask

from billing.cli import (
    ai_requests,
    catalog,
    events,
    host_webhooks,
    keys,
    metering,
    reconcile,
    sandbox,
    tokens,
    users,
    worker,
)
from billing.cli.group import billing

billing.add_command(catalog.catalog)
billing.add_command(events.events)
billing.add_command(host_webhooks.host_webhooks)
billing.add_command(keys.create_key)
billing.add_command(keys.keys)
billing.add_command(sandbox.sandbox)
billing.add_command(ai_requests.record)
billing.add_command(reconcile.reconcile)
billing.add_command(metering.explain)
billing.add_command(metering.expire)
billing.add_command(metering.verify)
billing.add_command(tokens.grant)
billing.add_command(users.create_user)
billing.add_command(users.turn_off_second_factor)
billing.add_command(worker.worker)


def init_app(app: Flask) -> None:
    """Add the `billing` commands to the app's CLI."""
    app.cli.add_command(billing)
