"""One line for each request, and the id that its other lines share."""

import re
from time import perf_counter
from uuid import uuid4

import structlog
from flask import Flask, Response, g, request

from billing.observability import logging, metrics
from billing.settings import Settings

log = structlog.get_logger(__name__)

HEADER = "X-Request-Id"
ACCEPTED_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
MAX_PATH_LENGTH = 200
# What a stranger makes up must not become a series of its own.
KNOWN_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def init_app(app: Flask, settings: Settings) -> None:
    """Configure the logs and follow every request."""
    logging.configure(level=settings.log_level, as_json=settings.is_production)
    app.before_request(_begin)
    app.after_request(_finish)


def _begin() -> None:
    proposed = request.headers.get(HEADER, "")
    g.request_id = proposed if ACCEPTED_ID.fullmatch(proposed) else uuid4().hex
    g.began = perf_counter()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.request_id)


def _finish(response: Response) -> Response:
    response.headers[HEADER] = g.request_id
    seconds = perf_counter() - g.began
    _count(response, seconds)
    if request.blueprint != "assets":
        log.info(
            "request.finished",
            method=request.method,
            # The rule, not the path: a path may hold a token.
            route=request.url_rule.rule if request.url_rule else request.path[:MAX_PATH_LENGTH],
            status=response.status_code,
            duration_milliseconds=int(seconds * 1000),
        )
    return response


def _count(response: Response, seconds: float) -> None:
    method = request.method if request.method in KNOWN_METHODS else "other"
    route = request.url_rule.rule if request.url_rule else "unknown"
    metrics.HTTP_REQUESTS.labels(method, route, response.status_code).observe(seconds)
