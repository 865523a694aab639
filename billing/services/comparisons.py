"""Comparisons: each yields what Stripe and we disagree about, with the verb that mends it."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial

from sqlalchemy import select

from billing import clock
from billing.database import db
from billing.domain.statuses import EventState, OrderState
from billing.errors import StripeMismatch, StripeObjectNotFound
from billing.gateway import CheckoutSession, Event, Gateway
from billing.models import Dispute, Order, Refund, WebhookEvent
from billing.services import disputes, inbox, orders, refunds
from billing.services.findings import Finding
from billing.services.invoice_comparison import compare_invoices
from billing.services.stripe_events import HANDLERS
from billing.services.subscription_comparison import compare_subscriptions

UNFINISHED = (OrderState.OPEN, OrderState.PROCESSING)
UNAPPLIED = (EventState.PENDING, EventState.FAILED)


def compare_events(gateway: Gateway, since: datetime) -> Iterator[Finding]:
    """Find the events that never reached us, or were never applied; parked ones wait already."""
    for event in gateway.events.list_since(since):
        if event.type not in HANDLERS:
            continue
        state = db.session.scalar(
            select(WebhookEvent.state).where(WebhookEvent.stripe_event_id == event.id)
        )
        if state is None:
            detail = f"{event.type} never reached us"
        elif state in UNAPPLIED:
            detail = f"{event.type} is {state}"
        else:
            continue
        yield Finding(f"event {event.id}", detail, partial(_receive, event, gateway))


def _receive(event: Event, gateway: Gateway) -> None:
    row = inbox.receive(event, gateway=gateway, actor="reconcile")
    if not row.is_settled:
        raise StripeMismatch(row.last_error or f"The event is {row.state}.")


def compare_checkouts(gateway: Gateway, since: datetime) -> Iterator[Finding]:
    """Find paid checkout sessions whose order was not given, and orders that ended unnoticed."""
    for session in gateway.checkout.list_since(since):
        if session.is_paid and session.order_id is not None:
            yield from _compare_paid(gateway, session)
    for order in _list_unfinished():
        yield from _compare_unfinished(gateway, order)


def _compare_paid(gateway: Gateway, session: CheckoutSession) -> Iterator[Finding]:
    subject = f"checkout session {session.id}"
    state = db.session.scalar(
        select(Order.state).where(
            (Order.stripe_session_id == session.id)
            | ((Order.id == session.order_id) & Order.stripe_session_id.is_(None))
        )
    )
    if state is None:
        yield Finding(subject, "it is paid, and no order of ours belongs to it", None)
    elif state != OrderState.PAID:
        detail = f"it is paid, and order {session.order_id} is {state}"
        yield Finding(subject, detail, partial(_fulfil, session.id, gateway))


def _list_unfinished() -> Sequence[Order]:
    unfinished = select(Order).where(Order.state.in_(UNFINISHED)).order_by(Order.id)
    return db.session.scalars(unfinished.execution_options(populate_existing=True)).all()


def _compare_unfinished(gateway: Gateway, order: Order) -> Iterator[Finding]:
    subject, state = f"order {order.id}", order.state
    abandon = partial(orders.abandon, order.id)
    session_id, expires_at = order.stripe_session_id, order.stripe_session_expires_at
    if session_id is None:
        if expires_at is not None and expires_at <= clock.now():
            yield Finding(subject, "it never had a checkout session", abandon)
        return
    try:
        session = gateway.checkout.retrieve(session_id)
    except StripeObjectNotFound:
        yield Finding(subject, f"Stripe has no checkout session {session_id}", abandon)
        return
    is_waiting = session.is_complete and not session.is_paid
    if session.is_open or (is_waiting and state == OrderState.PROCESSING):
        return
    detail = f"it is {state}, and its checkout is {session.status} and {session.payment_status}"
    yield Finding(subject, detail, partial(_fulfil, session_id, gateway))


def _fulfil(session_id: str, gateway: Gateway) -> None:
    orders.fulfil(orders.read(session_id, gateway=gateway))


def compare_refunds(gateway: Gateway, since: datetime) -> Iterator[Finding]:
    """Find refunds that we do not know, or know otherwise."""
    for refund in gateway.refunds.list_since(since):
        status = db.session.scalar(
            select(Refund.status).where(Refund.stripe_refund_id == refund.id)
        )
        if status != refund.status:
            charge_id = refund.charge_id
            repair = partial(_apply_refunds, charge_id, gateway) if charge_id else None
            yield Finding(f"refund {refund.id}", _status_detail(refund.status, status), repair)


def _apply_refunds(charge_id: str, gateway: Gateway) -> None:
    refunds.apply(refunds.read(charge_id, gateway=gateway))


def compare_disputes(gateway: Gateway, since: datetime) -> Iterator[Finding]:
    """Find disputes that we do not know, or know otherwise."""
    for dispute in gateway.disputes.list_since(since):
        known = db.session.execute(
            select(Dispute.status, Dispute.is_withdrawn).where(
                Dispute.stripe_dispute_id == dispute.id
            )
        ).first()
        if known is None or tuple(known) != (dispute.status, dispute.is_withdrawn):
            detail = _status_detail(dispute.status, known.status if known else None)
            repair = partial(_apply_dispute, dispute.id, gateway)
            yield Finding(f"dispute {dispute.id}", detail, repair)


def _apply_dispute(dispute_id: str, gateway: Gateway) -> None:
    disputes.apply(disputes.read(dispute_id, gateway=gateway))


def _status_detail(theirs: str, ours: str | None) -> str:
    known = f"we have {ours}" if ours else "we do not know it"
    return f"it is {theirs}, and {known}"


ALL = (
    compare_events,
    compare_subscriptions,
    compare_invoices,
    compare_checkouts,
    compare_refunds,
    compare_disputes,
)
"""In this order: what the events repair is not found again."""
