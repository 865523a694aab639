"""Charges: one attempt to take money, and whose. https://docs.stripe.com/api/charges"""

from billing.gateway.calls import Calls
from billing.gateway.reading import id_of, minor_units
from billing.gateway.values import StripeCharge


class Charges:
    """What was taken from customers."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def retrieve(self, charge_id: str) -> StripeCharge:
        """Read the charge as it is now.

        Raises:
            StripeObjectNotFound: there is no charge with this id.
        """
        with self._calls.stripe("charges.retrieve") as client:
            charge = client.v1.charges.retrieve(charge_id)
        return StripeCharge(
            id=charge.id,
            customer_id=id_of(charge.customer),
            payment_intent_id=id_of(charge.payment_intent),
            amount=minor_units(charge.amount, charge.currency),
        )
