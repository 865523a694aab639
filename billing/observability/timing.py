"""How long the verbs of the services take, and what came of them."""

import logging
from collections.abc import Callable
from functools import cache, wraps
from time import perf_counter
from typing import ParamSpec, TypeVar

import structlog
from prometheus_client import Histogram

from billing.errors import BillingError
from billing.observability import metrics

log = structlog.get_logger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

OK, FAILED = "ok", "failed"
# Asking structlog for a logger that then drops the line costs as much as the rest of the timing.
_levels = logging.getLogger(__name__)


def log_service_operation(verb: Callable[P, R]) -> Callable[P, R]:
    """Time each call of a service's verb: for the metrics, and at DEBUG as a line."""
    operation = f"{verb.__module__.rpartition('.')[2]}.{verb.__name__}"

    @wraps(verb)
    def _timed(*args: P.args, **kwargs: P.kwargs) -> R:
        began = perf_counter()
        outcome = FAILED
        try:
            result = verb(*args, **kwargs)
            outcome = OK
        except BillingError as refusal:
            outcome = refusal.code
            raise
        finally:
            seconds = perf_counter() - began
            _series(operation, outcome).observe(seconds)
            if _levels.isEnabledFor(logging.DEBUG):
                microseconds = int(seconds * 1_000_000)
                log.debug(
                    "service.finished",
                    operation=operation,
                    outcome=outcome,
                    duration_microseconds=microseconds,
                )
        return result

    return _timed


@cache
def _series(operation: str, outcome: str) -> Histogram:
    return metrics.OPERATIONS.labels(operation, outcome)
