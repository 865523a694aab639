"""Orders: a checkout becomes what was bought. Two doors, one room: webhook and return page."""

from dataclasses import dataclass

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from billing import clock
from billing.database import transaction
from billing.domain.ledger import LotSource
from billing.domain.periods import add_months
from billing.domain.statuses import OrderKind, OrderState
from billing.errors import OrderNotFound, StripeMismatch
from billing.gateway import CheckoutSession, CustomerSubscriptions, Gateway
from billing.models import Order
from billing.observability.timing import log_service_operation
from billing.services import ledger, payment_emails, reversals, subscriptions, trials
from billing.services.users import find_owner_id, lock_user

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class CheckoutReading:
    """What Stripe says of one checkout, read outside of any transaction."""

    session: CheckoutSession
    subscriptions: CustomerSubscriptions | None
    has_failed: bool = False


@log_service_operation
def read(session_id: str, *, gateway: Gateway, has_failed: bool = False) -> CheckoutReading:
    """Read a checkout session, and what the customer subscribes to where that was bought.

    Args:
        session_id: Stripe's id of the session.
        gateway: where Stripe is reached; no transaction may be open.
        has_failed: whether Stripe told that a delayed payment failed; the session itself does
            not say so.

    Raises:
        StripeObjectNotFound: there is no such session.
        GatewayUnavailable: Stripe did not answer.
    """
    session = gateway.checkout.retrieve(session_id)
    if session.subscription_id is None or session.customer_id is None:
        return CheckoutReading(session, None, has_failed)
    held = subscriptions.read(session.customer_id, gateway=gateway)
    return CheckoutReading(session, held, has_failed)


@log_service_operation
def fulfil(reading: CheckoutReading) -> Order:
    """Give what the order bought, once, when Stripe says that it is paid.

    Joins the open transaction; may be called any number of times, in any order.

    Args:
        reading: from `read`.

    Returns:
        The order as it stands then.

    Raises:
        OrderNotFound: no order of ours belongs to the session.
        StripeMismatch: customer, amount or currency are not the order's; nothing is given.
        UnknownPrice: the subscription has a price that no tier version has.
    """
    session = reading.session
    with transaction() as tx:
        order = _lock_order(tx, session)
        if order.state == OrderState.PAID:
            return order
        if session.is_paid:
            _require_match(tx, order, session)
            _give(order, reading)
            order.state = OrderState.PAID
            order.paid_at = clock.now()
            order.amount_paid_minor = session.total.amount_minor
            order.stripe_payment_intent_id = session.payment_intent_id
            reversals.follow(order)
            if order.kind == OrderKind.TOKENS:
                payment_emails.send_package_receipt(order)
            log.info("order.paid", order_id=order.id, user_id=order.user_id, item=order.item)
        elif session.is_expired:
            order.state = OrderState.EXPIRED
        elif session.is_complete:
            order.state = OrderState.FAILED if reading.has_failed else _pending_state(order)
    return order


@log_service_operation
def abandon(order_id: int) -> None:
    """Close an order that nobody can pay any more; a paid one stays as it is.

    Args:
        order_id: an order that exists.
    """
    with transaction() as tx:
        lock_user(tx, tx.get_one(Order, order_id).user_id)
        order = tx.get_one(Order, order_id, populate_existing=True)
        if order.state in {OrderState.OPEN, OrderState.PROCESSING}:
            order.state = OrderState.EXPIRED
            log.info("order.abandoned", order_id=order_id, user_id=order.user_id)


def _lock_order(tx: Session, session: CheckoutSession) -> Order:
    """Find the session's order and lock its user: orders change under that lock only."""
    order = tx.scalar(select(Order).where(Order.stripe_session_id == session.id))
    if order is None and session.order_id is not None:
        # The session was made, but we fell before its id was stored.
        unclaimed = (Order.id == session.order_id) & Order.stripe_session_id.is_(None)
        order = tx.scalar(select(Order).where(unclaimed))
    if order is None:
        raise OrderNotFound("No order belongs to this checkout session.")
    lock_user(tx, order.user_id)
    tx.refresh(order)
    order.stripe_session_id = session.id
    return order


def _pending_state(order: Order) -> OrderState:
    """A failed payment stays failed, however late the news that it was on its way."""
    return OrderState.FAILED if order.state == OrderState.FAILED else OrderState.PROCESSING


def _require_match(tx: Session, order: Order, session: CheckoutSession) -> None:
    is_trial = session.payment_status == "no_payment_required"
    matches = {
        "customer": find_owner_id(tx, session.customer_id) == order.user_id,
        "user": session.client_reference_id == str(order.user_id),
        "amount": session.subtotal == order.price or is_trial,
    }
    wrong = [name for name, is_right in matches.items() if not is_right]
    if wrong:
        log.error("order.mismatch", order_id=order.id, session=session.id, wrong=wrong)
        raise StripeMismatch(
            f"The checkout session does not match order {order.id}: {', '.join(wrong)}."
        )


def _give(order: Order, reading: CheckoutReading) -> None:
    if order.kind == OrderKind.TOKENS:
        _grant_tokens(order)
    elif reading.subscriptions is not None:
        subscriptions.apply(reading.subscriptions)
        if order.person_hash is not None:
            trials.remember(order.person_hash)
    else:
        raise StripeMismatch(f"The paid session of order {order.id} has no subscription.")


def _grant_tokens(order: Order) -> None:
    months = order.expires_after_months
    expires_at = add_months(clock.now(), months) if months else None
    name = order.token_package.name if order.token_package else order.item
    parts = [
        (LotSource.ORDER, order.tokens, name),
        (LotSource.BONUS, order.bonus_tokens, f"Bonus with {name}"),
    ]
    for source, tokens, reason in parts:
        if tokens:
            ledger.grant(
                order.user_id,
                tokens,
                source=source,
                reason=reason,
                actor="stripe",
                idempotency_key=f"order:{order.id}:{source.value}",
                expires_at=expires_at,
                order_id=order.id,
            )
