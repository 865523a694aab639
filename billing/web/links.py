"""Links that lead here from elsewhere: e-mails and Stripe."""

from typing import Any

from flask import url_for

from billing.web import settings


def external_url(endpoint: str, **values: Any) -> str:
    """Return the full address of a page, by the configured base URL and never the Host header."""
    return settings.current().base_url + url_for(endpoint, **values)
