"""Reconciliation: what Stripe holds beside what we hold, and the repair by the usual verbs."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from billing import clock
from billing.errors import BillingError, GatewayUnavailable
from billing.gateway import Gateway
from billing.services import comparisons
from billing.services.findings import Finding

log = structlog.get_logger(__name__)

EVENTS_LAST = timedelta(days=30)
FOUND, REPAIRED = "found", "repaired"


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where Stripe and we disagreed, and what came of it."""

    subject: str
    detail: str
    outcome: str

    def __str__(self) -> str:
        return f"{self.subject}: {self.detail} ({self.outcome})"


def reconcile(
    *, gateway: Gateway, since: datetime | None = None, is_dry_run: bool = False
) -> Iterator[Difference]:
    """Yield each difference, repaired before the next one is looked for.

    Events that never reached us go through the inbox; then subscriptions, invoices, checkouts,
    refunds and disputes are compared as they are. What cannot be repaired is found again next time.

    Args:
        gateway: where Stripe is reached; no transaction may be open.
        since: aware UTC; 30 days ago by default, as long as Stripe keeps events. Live
            subscriptions and unfinished orders of ours are compared whatever their age.
        is_dry_run: whether nothing is to change.

    Raises:
        GatewayUnavailable: Stripe did not answer; a second run goes on from here.
    """
    since = since or clock.now() - EVENTS_LAST
    for compare in comparisons.ALL:
        for finding in compare(gateway, since):
            outcome = FOUND if is_dry_run else _repair(finding)
            log.warning(
                "reconciliation.difference",
                subject=finding.subject,
                detail=finding.detail,
                outcome=outcome,
            )
            yield Difference(finding.subject, finding.detail, outcome)


def _repair(finding: Finding) -> str:
    if finding.repair is None:
        return "needs a person"
    try:
        finding.repair()
    except GatewayUnavailable:
        raise
    except BillingError as error:
        return f"not repaired: {error.detail}"
    return REPAIRED
