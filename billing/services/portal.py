"""The billing portal: Stripe's own pages for the card, the invoices and the end of a plan."""

from billing.errors import NoSubscription, StripeObjectNotFound
from billing.gateway import Gateway
from billing.messages import Message
from billing.models import User
from billing.observability.timing import log_service_operation
from billing.services import customers


@log_service_operation
def open(user: User, *, return_url: str, gateway: Gateway) -> str:
    """Open the billing portal.

    Args:
        user: whose.
        return_url: where its way back leads.
        gateway: where Stripe is reached; no transaction may be open.

    Returns:
        The portal's address; it lives for minutes.

    Raises:
        NoSubscription: the user never bought anything, so there is nothing to manage.
        GatewayUnavailable: Stripe did not answer.
    """
    customer_id = user.stripe_customer_id
    if customer_id is None:
        raise _nothing_to_manage()
    try:
        return gateway.customers.create_portal_session(customer_id, return_url=return_url)
    except StripeObjectNotFound:
        if not customers.retire_if_deleted(customer_id, gateway=gateway):
            raise
        raise _nothing_to_manage() from None


def _nothing_to_manage() -> NoSubscription:
    return NoSubscription(
        Message("You have not bought anything yet, so there is nothing to manage.")
    )
