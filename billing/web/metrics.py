"""What Prometheus reads: what the processes have counted, and what the database says now."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable, Mapping
from threading import Lock
from time import monotonic
from typing import Generic, TypeVar

import structlog
from flask import Flask, Response, current_app, request
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from billing.errors import NotAuthenticated, NotFound
from billing.observability import metrics
from billing.services import gauges
from billing.services.gauges import Drift, Gauges
from billing.services.verification import Verified
from billing.settings import InvalidSettings, Settings
from billing.web import settings

log = structlog.get_logger(__name__)

T = TypeVar("T")

EXTENSION = "billing_metrics"
FRESH_SECONDS = 10
# It adds up every lot and ledger line.
DRIFT_FRESH_SECONDS = 300
BEARER = "bearer "


class Kept(Generic[T]):
    """A reading that serves everybody who asks within some seconds."""

    def __init__(self, read: Callable[[], T], *, fresh_seconds: int) -> None:
        self._read = read
        self._fresh_seconds = fresh_seconds
        self._lock = Lock()
        self._kept: tuple[float, T] | None = None

    def get(self) -> T:
        """Return the reading; one thread reads while the others wait."""
        with self._lock:
            if self._kept is None or monotonic() - self._kept[0] > self._fresh_seconds:
                self._kept = monotonic(), self._read()
            return self._kept[1]


class AppCollector(Collector):
    """All metrics of one app; says so itself when the database does not answer."""

    def __init__(self, *, has_host: bool) -> None:
        self._has_host = has_host
        self._gauges = Kept(gauges.read, fresh_seconds=FRESH_SECONDS)
        self._drift = Kept(gauges.read_drift, fresh_seconds=DRIFT_FRESH_SECONDS)

    def collect(self) -> Iterable[Metric]:
        """Yield what was counted, then what is in the database."""
        yield from metrics.collected().collect()
        try:
            reading, drift = self._gauges.get(), self._drift.get()
        except SQLAlchemyError:
            log.exception("metrics.database_unread")
            yield _single("database_up", "Whether the database answered this scrape.", 0)
            return
        yield _single("database_up", "Whether the database answered this scrape.", 1)
        yield from _work(reading)
        yield from _subscribers(reading)
        yield from _outboxes(reading, has_host=self._has_host)
        yield from _books(drift, reading.verified)


def init_app(app: Flask) -> None:
    """Keep the app's readings.

    Raises:
        InvalidSettings: the processes are to count together, but cannot.
    """
    configuration: Settings = app.extensions["billing_settings"]
    if configuration.metrics_directory is not None and not metrics.is_shared():
        raise InvalidSettings(
            "PROMETHEUS_MULTIPROC_DIR must be in the environment of the process, not in .env"
        )
    has_host = configuration.host_webhook_url is not None
    app.extensions[EXTENSION] = AppCollector(has_host=has_host)


def require_token() -> None:
    """Let nobody in who does not know the token.

    Raises:
        NotFound: no token is set, so there is nothing here.
        NotAuthenticated: it is not the one that was sent.
    """
    expected = settings.current().metrics_token
    if expected is None:
        raise NotFound("There is no such page.")
    header = request.headers.get("Authorization", "")
    sent = header[len(BEARER) :] if header.lower().startswith(BEARER) else ""
    if not hmac.compare_digest(sent.encode(), expected.encode()):
        raise NotAuthenticated("Send the metrics token as `Authorization: Bearer <token>`.")


def exposition() -> Response:
    """Return every metric in the format that the scraper prefers."""
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    collector: AppCollector = current_app.extensions[EXTENSION]
    return Response(encode(collector), content_type=content_type)


def _work(reading: Gauges) -> Iterable[Metric]:
    yield _labelled("inbox_events", "Stripe's events by state.", "state", reading.events)
    yield _single(
        "inbox_lag_seconds",
        "The age of the oldest event that is still to be applied.",
        reading.inbox_lag_seconds,
    )
    yield _labelled("orders", "Orders by state.", "state", reading.orders)
    yield _single("holds_open", "Holds that are open.", reading.holds.open)
    yield _single("holds_overdue", "Open holds whose time is up.", reading.holds.overdue)
    yield _single("held_tokens", "Tokens that open holds keep.", reading.holds.tokens)


def _subscribers(reading: Gauges) -> Iterable[Metric]:
    by_tier = GaugeMetricFamily(
        "billhook_subscriptions", "Subscriptions by tier and status.", labels=["tier", "status"]
    )
    for labels, number in reading.subscribers.by_tier.items():
        by_tier.add_metric(labels, number)
    yield by_tier
    yield _single(
        "grace_users", "Users whose renewal is unpaid, in grace.", reading.subscribers.in_grace
    )
    yield _labelled(
        "mrr_minor",
        "Monthly recurring revenue in minor units.",
        "currency",
        reading.subscribers.mrr_minor,
    )


def _outboxes(reading: Gauges, *, has_host: bool) -> Iterable[Metric]:
    queues = {
        name: queue
        for name, queue in reading.outboxes.items()
        if has_host or name != "host_webhook"
    }
    waiting = {name: queue.waiting for name, queue in queues.items()}
    lags = {name: queue.lag_seconds for name, queue in queues.items()}
    given_up = {name: queue.given_up for name, queue in queues.items()}
    yield _labelled("outbox_waiting", "What is still to be sent.", "outbox", waiting)
    yield _labelled("outbox_lag_seconds", "How long the oldest has waited.", "outbox", lags)
    yield _labelled("outbox_given_up", "What nobody tries to send any more.", "outbox", given_up)


def _books(drift: Drift, verified: Verified) -> Iterable[Metric]:
    checks = {"ledger": drift.ledger, "lots": drift.lots, "holds": drift.holds}
    yield _labelled("ledger_drift_tokens", "By how much the books differ.", "check", checks)
    yield _labelled(
        "ledger_breaches",
        "What the last verification of all logs has found, by check.",
        "check",
        verified.breaches,
    )
    yield _single(
        "ledger_verified_timestamp_seconds",
        "When that verification began, in Unix time; 0 when there was none.",
        int(verified.at.timestamp()),
    )


def _single(name: str, words: str, value: int) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"billhook_{name}", words, value=value)


def _labelled(name: str, words: str, label: str, values: Mapping[str, int]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"billhook_{name}", words, labels=[label])
    for value, number in values.items():
        family.add_metric([value], number)
    return family
