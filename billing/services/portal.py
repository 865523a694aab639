"""The billing portal: Stripe's own pages for the card, the invoices and the end of a plan."""

from billing.errors import NoSubscription
from billing.gateway import Gateway
from billing.messages import Message
from billing.models import User
from billing.observability.timing import log_service_operation


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
    if user.stripe_customer_id is None:
        raise NoSubscription(
            Message("You have not bought anything yet, so there is nothing to manage.")
        )
    return gateway.customers.create_portal_session(user.stripe_customer_id, return_url=return_url)
