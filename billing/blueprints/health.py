"""What a load balancer asks: alive, and ready to serve."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from billing.services import readiness

bp = Blueprint("health", __name__)


@bp.get("/healthz")
def healthz() -> ResponseReturnValue:
    return {"status": "ok"}


@bp.get("/readyz")
def readyz() -> ResponseReturnValue:
    problems = readiness.problems()
    return {"ready": not problems, "problems": problems}, 503 if problems else 200
