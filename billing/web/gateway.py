"""The gateway of the running app: built once, from the settings."""

from flask import Flask, current_app

from billing.database import in_transaction
from billing.gateway import Gateway
from billing.settings import Settings

EXTENSION = "billing_gateway"


def init_app(app: Flask, settings: Settings) -> None:
    """Build the gateway that the app's requests and commands share."""
    app.extensions[EXTENSION] = Gateway(
        settings.stripe_secret_key,
        api_base=settings.stripe_api_base,
        collects_tax=settings.collects_tax,
        in_transaction=in_transaction,
    )


def current() -> Gateway:
    """Return the gateway of the current app."""
    gateway: Gateway = current_app.extensions[EXTENSION]
    return gateway
