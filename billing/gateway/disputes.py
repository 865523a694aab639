"""Disputes at Stripe. https://docs.stripe.com/api/disputes"""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from stripe import Dispute

from billing.gateway.calls import Calls
from billing.gateway.reading import id_of, minor_units, moment, optional_moment
from billing.gateway.values import StripeDispute

if TYPE_CHECKING:
    from stripe.params import DisputeListParams

PAGE_SIZE = 100


class Disputes:
    """Payments that customers contest at their bank."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def retrieve(self, dispute_id: str) -> StripeDispute:
        """Read the dispute as it is now.

        Raises:
            StripeObjectNotFound: there is no dispute with this id.
        """
        with self._calls.stripe("disputes.retrieve") as client:
            return _read(client.v1.disputes.retrieve(dispute_id))

    def list_since(self, since: datetime) -> Iterator[StripeDispute]:
        """Read the disputes that were opened since then, newest first, a page at a time.

        Args:
            since: aware UTC.
        """
        params: DisputeListParams = {"created": {"gte": int(since.timestamp())}, "limit": PAGE_SIZE}
        with self._calls.stripe("disputes.list") as client:
            page = client.v1.disputes.list(params)
            for dispute in page.auto_paging_iter():
                yield _read(dispute)


def _read(dispute: Dispute) -> StripeDispute:
    moved_minor = sum(each.amount for each in dispute.balance_transactions)
    details = dispute.evidence_details
    return StripeDispute(
        id=dispute.id,
        charge_id=id_of(dispute.charge) or "",
        amount=minor_units(dispute.amount, dispute.currency),
        status=dispute.status,
        reason=dispute.reason,
        # Reinstated funds come as a second transaction that undoes the first.
        is_withdrawn=moved_minor < 0,
        evidence_due_at=optional_moment(details.due_by if details else None),
        created_at=moment(dispute.created),
    )
