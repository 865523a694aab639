"""What a request may be: its host, its proxies, and how much it sends."""

from urllib.parse import urlsplit

from flask import Flask, abort, request
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter, Map

from billing.settings import Settings

MAX_BODY_BYTES = 256 * 1024
MAX_FORM_FIELDS = 1000
MAX_ID = 2**63 - 1
SAFE_METHODS = {"GET", "HEAD", "OPTIONS", "TRACE"}
"""They change nothing: https://www.rfc-editor.org/rfc/rfc9110#section-9.2.1."""
# Health checks of the machine itself; no link is ever made from the Host header.
LOOPBACK = ("localhost", "127.0.0.1")


class RecordId(IntegerConverter):
    """A number that can be a row's id: a larger one is nobody's, and no database takes it."""

    def __init__(self, url_map: Map) -> None:
        super().__init__(url_map, min=1, max=MAX_ID)


def init_app(app: Flask) -> None:
    """Bound what the app reads, and say whose word it takes for the host and the client."""
    settings: Settings = app.extensions["billing_settings"]
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.config["MAX_FORM_MEMORY_SIZE"] = MAX_BODY_BYTES
    app.config["MAX_FORM_PARTS"] = MAX_FORM_FIELDS
    app.config["TRUSTED_HOSTS"] = list(_trusted_hosts(settings)) or None
    if settings.trusted_proxies:
        count = settings.trusted_proxies
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=count, x_proto=count, x_host=count
        )
    app.url_map.converters["int"] = RecordId
    app.before_request(_check_body)


def _trusted_hosts(settings: Settings) -> tuple[str, ...]:
    if not settings.is_production:
        return settings.trusted_hosts
    return (urlsplit(settings.base_url).hostname or "", *LOOPBACK, *settings.trusted_hosts)


def _check_body() -> None:
    # Some servers cut a chunked body off at our limit and pass the rest on as if it were whole.
    if "chunked" in request.headers.get("Transfer-Encoding", "").lower():
        abort(411, "Send the length of the body: `Content-Length`.")
    if (request.content_type or "").lower().startswith("application/x-www-form-urlencoded"):
        fields = sum(len(values) for _, values in request.form.lists())
        if fields > MAX_FORM_FIELDS:
            abort(413)
