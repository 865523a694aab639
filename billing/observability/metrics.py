"""The metrics that the code moves; what the database knows is asked for when they are read.

The client library keeps them in files that all processes share when `PROMETHEUS_MULTIPROC_DIR` is
in the environment at the start, else in this process alone.
"""

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.values import ValueClass

SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)

# Half as many series again, and Prometheus does without.
disable_created_metrics()  # type: ignore[no-untyped-call]
registry = CollectorRegistry()

HTTP_REQUESTS = Histogram(
    "billhook_http_request_seconds",
    "How long requests took, by the route's template.",
    ["method", "route", "status"],
    buckets=SECONDS,
    registry=registry,
)
OPERATIONS = Histogram(
    "billhook_service_operation_seconds",
    "How long the verbs of the services took; the outcome is ok or the error's code.",
    ["operation", "outcome"],
    buckets=SECONDS,
    registry=registry,
)
DECISIONS = Counter(
    "billhook_ai_request_decisions",
    "AI requests by what paid for them and what came of them.",
    ["source", "result"],
    registry=registry,
)
FEATURE_CHECKS = Counter(
    "billhook_feature_checks",
    "Questions whether a user may use a feature, by the answer.",
    ["result"],
    registry=registry,
)
STRIPE_CALLS = Histogram(
    "billhook_stripe_call_seconds",
    "How long calls to Stripe took, retries of the client included.",
    ["operation", "outcome"],
    buckets=SECONDS,
    registry=registry,
)
WEBHOOKS = Counter(
    "billhook_webhook_deliveries",
    "Events that reached us, by what came of them.",
    ["outcome"],
    registry=registry,
)


def is_shared() -> bool:
    """Return whether the processes of this machine count together."""
    return bool(ValueClass._multiprocess)


def collected() -> CollectorRegistry:
    """Return a registry that holds what every process has counted."""
    if not is_shared():
        return registry
    shared = CollectorRegistry()
    MultiProcessCollector(shared)  # type: ignore[no-untyped-call]
    return shared
