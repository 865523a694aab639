"""Refunds at Stripe. https://docs.stripe.com/api/refunds"""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from stripe import Refund

from billing.domain.money import Money
from billing.gateway.calls import Calls
from billing.gateway.reading import id_of, minor_units, moment
from billing.gateway.values import StripeRefund

if TYPE_CHECKING:
    from stripe.params import RefundListParams

PAGE_SIZE = 100


class Refunds:
    """The money that went back to customers."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def retrieve(self, refund_id: str) -> StripeRefund:
        """Read the refund as it is now.

        Raises:
            StripeObjectNotFound: there is no refund with this id.
        """
        with self._calls.stripe("refunds.retrieve") as client:
            return _read(client.v1.refunds.retrieve(refund_id))

    def create(
        self, payment_intent_id: str, amount: Money, *, idempotency_key: str
    ) -> StripeRefund:
        """Give back a part of what the payment intent was paid with, or all of it.

        Args:
            payment_intent_id: Stripe's id of the payment.
            amount: in the currency that was paid.
            idempotency_key: the same key again returns the same refund.

        Raises:
            StripeRefused: that much is not left, or the payment is disputed.
        """
        with self._calls.stripe("refunds.create") as client:
            return _read(
                client.v1.refunds.create(
                    {"payment_intent": payment_intent_id, "amount": amount.amount_minor},
                    {"idempotency_key": idempotency_key},
                )
            )

    def list_by_charge(self, charge_id: str) -> tuple[StripeRefund, ...]:
        """Read all refunds of the charge, failed ones too, oldest first."""
        with self._calls.stripe("refunds.list") as client:
            page = client.v1.refunds.list({"charge": charge_id, "limit": PAGE_SIZE})
            newest_first = [_read(each) for each in page.auto_paging_iter()]
        return tuple(reversed(newest_first))

    def list_since(self, since: datetime) -> Iterator[StripeRefund]:
        """Read the refunds that were made since then, newest first, a page at a time.

        Args:
            since: aware UTC.
        """
        params: RefundListParams = {"created": {"gte": int(since.timestamp())}, "limit": PAGE_SIZE}
        with self._calls.stripe("refunds.list") as client:
            page = client.v1.refunds.list(params)
            for refund in page.auto_paging_iter():
                yield _read(refund)


def _read(refund: Refund) -> StripeRefund:
    return StripeRefund(
        id=refund.id,
        charge_id=id_of(refund.charge),
        amount=minor_units(refund.amount, refund.currency),
        status=refund.status or "succeeded",
        reason=refund.reason,
        created_at=moment(refund.created),
    )
