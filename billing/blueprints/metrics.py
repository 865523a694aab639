"""What Prometheus scrapes, for whoever has the token."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from billing.web import metrics

bp = Blueprint("metrics", __name__)


@bp.get("/metrics")
def index() -> ResponseReturnValue:
    metrics.require_token()
    return metrics.exposition()
