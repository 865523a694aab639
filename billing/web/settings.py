"""The settings of the running app."""

from flask import current_app

from billing.settings import Settings


def current() -> Settings:
    """Return the settings that the app was built with."""
    settings: Settings = current_app.extensions["billing_settings"]
    return settings
