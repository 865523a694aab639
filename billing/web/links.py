"""Links that lead here from elsewhere, e-mails and Stripe, and the way back from a form."""

from typing import Any
from urllib.parse import urlsplit

from flask import request, url_for

from billing.web import settings


def external_url(endpoint: str, **values: Any) -> str:
    """Return the full address of a page, by the configured base URL and never the Host header."""
    return settings.current().base_url + url_for(endpoint, **values)


def page_before() -> str:
    """Return the path of the page that a form stands on, when that page is ours; else pricing."""
    referer = urlsplit(request.referrer or "")
    is_ours = referer.netloc == request.host and referer.path.startswith("/")
    path = "/" + referer.path.lstrip("/") if is_ours else url_for("pricing.index")
    return f"{path}?{referer.query}" if is_ours and referer.query else path
