"""The JSON API, version 1: keys only, never the session cookie."""

from flask import Blueprint

from billing.blueprints.api import (
    ai_requests,
    catalog,
    features,
    people,
    subscription,
    tokens,
    usage,
)
from billing.web.api import dispatch

SECTIONS = [
    catalog.section,
    people.section,
    features.section,
    ai_requests.section,
    usage.section,
    tokens.section,
    subscription.section,
]

bp = Blueprint("api", __name__, url_prefix="/api/v1")
dispatch.register(bp, SECTIONS)
