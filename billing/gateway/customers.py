"""Stripe customers and the billing portal. https://docs.stripe.com/api/customers"""

from billing.errors import StripeObjectNotFound
from billing.gateway.calls import Calls


class Customers:
    """One customer for each user who ever set out to pay."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def create(self, *, user_id: int, email: str, key: str) -> str:
        """Create the user's customer, or get the one that an earlier try made.

        Args:
            user_id: ours, for whoever looks the customer up at Stripe.
            email: where Stripe sends its receipts.
            key: the idempotency key.

        Returns:
            Stripe's id of the customer.
        """
        with self._calls.stripe("customers.create") as client:
            customer = client.v1.customers.create(
                {"email": email, "metadata": {"user_id": str(user_id)}},
                {"idempotency_key": key},
            )
        return customer.id

    def is_deleted(self, customer_id: str) -> bool:
        """Say whether the customer was deleted, and can buy nothing more.

        One that Stripe has never heard of was not deleted: the key is of another account.
        """
        try:
            with self._calls.stripe("customers.retrieve") as client:
                return bool(getattr(client.v1.customers.retrieve(customer_id), "deleted", False))
        except StripeObjectNotFound:
            return False

    def create_portal_session(self, customer_id: str, *, return_url: str) -> str:
        """Open the billing portal for the customer.

        Returns:
            The portal's address; it lives for minutes, so it is made for each click.
        """
        with self._calls.stripe("billing_portal.sessions.create") as client:
            session = client.v1.billing_portal.sessions.create(
                {"customer": customer_id, "return_url": return_url}
            )
        return session.url
