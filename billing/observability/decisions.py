"""Decisions about AI requests, counted: what paid for them, or why nothing did."""

from collections import Counter
from collections.abc import Iterable
from functools import cache

import prometheus_client

from billing.domain.metering import Receipt
from billing.errors import BillingError
from billing.observability import metrics

QUOTA, TOKENS, BOTH, NOTHING = "quota", "tokens", "both", "nothing"
RECORDED, REPLAYED = "recorded", "replayed"


def count(outcome: Receipt | BillingError) -> None:
    """Count one decision."""
    _series(*_labels(outcome)).inc()


def count_all(outcomes: Iterable[Receipt | BillingError]) -> None:
    """Count the decisions of a batch."""
    for labels, number in Counter(map(_labels, outcomes)).items():
        _series(*labels).inc(number)


def _labels(outcome: Receipt | BillingError) -> tuple[str, str]:
    if isinstance(outcome, BillingError):
        return NOTHING, outcome.code
    source = BOTH if outcome.from_quota else TOKENS
    if outcome.from_quota == outcome.quantity:
        source = QUOTA
    return source, REPLAYED if outcome.is_replay else RECORDED


@cache
def _series(source: str, result: str) -> prometheus_client.Counter:
    return metrics.DECISIONS.labels(source, result)
