"""Links that lead here from elsewhere: e-mails and Stripe."""

from typing import Any

from flask import current_app, url_for

from billing.settings import Settings


def external_url(endpoint: str, **values: Any) -> str:
    """Return the full address of a page, by the configured base URL and never the Host header."""
    settings: Settings = current_app.extensions["billing_settings"]
    return settings.base_url + url_for(endpoint, **values)
