"""Customers: who a user is at Stripe, and was until that customer was deleted there.

A deleted customer buys nothing more, and its subscriptions have ended. It stays known as a former
one, for what it bought may still be refunded or disputed; the next checkout makes a new one.
"""

import structlog
from sqlalchemy import func, select, update

from billing.database import db, transaction
from billing.domain.statuses import OrderState
from billing.gateway import CustomerSubscriptions, Gateway
from billing.models import AuditEntry, FormerCustomer, Order, User
from billing.observability.timing import log_service_operation
from billing.services import subscriptions
from billing.services.users import find_owner_id, lock_customer, lock_user

log = structlog.get_logger(__name__)


@log_service_operation
def ensure(user: User, *, gateway: Gateway) -> str:
    """Return Stripe's id of the user's customer; the first checkout makes it.

    Args:
        user: who sets out to pay.
        gateway: where Stripe is reached; no transaction may be open.

    Raises:
        GatewayUnavailable: Stripe did not answer; a retry gets the same customer.
    """
    if user.stripe_customer_id is not None:
        return user.stripe_customer_id
    user_id = user.id
    former = select(func.count(FormerCustomer.id)).where(FormerCustomer.user_id == user_id)
    # By the same key Stripe would answer with the deleted one again.
    key = f"{user.stripe_key}:{db.session.scalar(former)}"
    customer_id = gateway.customers.create(user_id=user_id, email=user.email, key=key)
    with transaction() as session:
        lock_user(session, user_id).stripe_customer_id = customer_id
    return customer_id


@log_service_operation
def read_deleted(customer_id: str, *, gateway: Gateway) -> CustomerSubscriptions | None:
    """Read what a deleted customer of ours had; None where it is no user's, or not deleted.

    Args:
        customer_id: Stripe's id.
        gateway: where Stripe is reached; no transaction may be open.

    Raises:
        GatewayUnavailable: Stripe did not answer.
    """
    is_known = find_owner_id(db.session(), customer_id) is not None
    if not is_known or not gateway.customers.is_deleted(customer_id):
        return None
    return subscriptions.read(customer_id, gateway=gateway)


@log_service_operation
def retire(deleted: CustomerSubscriptions) -> None:
    """Make a deleted customer a former one, and end here what ended with it.

    Joins the open transaction; may be called any number of times. Tokens, ledger and invoices stay.

    Args:
        deleted: from `read_deleted`.

    Raises:
        UnknownCustomer: no user of ours is or was this customer.
    """
    customer_id = deleted.customer_id
    with transaction() as session:
        user = lock_customer(session, customer_id)
        if user.stripe_customer_id != customer_id:
            return
        subscriptions.apply(deleted)
        user.stripe_customer_id = None
        session.add(FormerCustomer(user_id=user.id, stripe_customer_id=customer_id))
        # Nobody can pay on their pages any more.
        session.execute(
            update(Order)
            .where(Order.user_id == user.id, Order.state == OrderState.OPEN)
            .values(state=OrderState.EXPIRED)
        )
        session.add(
            AuditEntry(
                actor="stripe",
                action="customer.deleted",
                subject_type="user",
                subject_id=user.id,
                before={"stripe_customer_id": customer_id},
            )
        )
    log.warning("customer.deleted", user_id=user.id)


@log_service_operation
def retire_if_deleted(customer_id: str, *, gateway: Gateway) -> bool:
    """Find out why Stripe does not know a customer, and retire it where it was deleted.

    Args:
        customer_id: Stripe's id, of a user of ours.
        gateway: where Stripe is reached; no transaction may be open.

    Returns:
        Whether it was deleted, so that a new one can be made.

    Raises:
        GatewayUnavailable: Stripe did not answer.
    """
    deleted = read_deleted(customer_id, gateway=gateway)
    if deleted is not None:
        retire(deleted)
    return deleted is not None
