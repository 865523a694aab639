"""Tickets: the order in which readings of Stripe began, so that none overwrites a newer one.

See docs/decisions/0001.
"""

from dataclasses import dataclass

from billing.database import transaction
from billing.observability.timing import log_service_operation
from billing.services import provisioning
from billing.services.users import lock_customer


@dataclass(frozen=True, slots=True)
class Ticket:
    """The number of a reading, and the subscription that the user's row followed then."""

    number: int
    known_subscription_id: str | None


@log_service_operation
def take(customer_id: str) -> Ticket:
    """Number a reading that is about to begin; whatever it sees is newer than under a lower one.

    Args:
        customer_id: Stripe's id of the customer whom the reading is about.

    Raises:
        UnknownCustomer: no user of ours is this customer.
    """
    with transaction() as session:
        user = lock_customer(session, customer_id)
        provisioning.ensure(user)
        row = user.subscription
        row.read_ticket += 1
        return Ticket(row.read_ticket, row.stripe_subscription_id)
