"""The JSON API, version 1: keys only, never the session cookie."""

from flask import Blueprint

from billing.blueprints.api import (
    ai_request_batches,
    ai_requests,
    alerts,
    catalog,
    docs,
    features,
    holds,
    people,
    portal,
    subscription,
    tokens,
    usage,
)
from billing.web.api import dispatch

SECTIONS = [
    catalog.section,
    people.section,
    portal.section,
    features.section,
    ai_requests.section,
    ai_request_batches.section,
    holds.section,
    usage.section,
    alerts.section,
    tokens.section,
    subscription.section,
]

bp = Blueprint("api", __name__, url_prefix="/api/v1")
dispatch.register(bp, SECTIONS)
docs.register(bp, SECTIONS)
