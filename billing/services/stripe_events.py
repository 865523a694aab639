"""What each Stripe event leads to: read its object again, then one idempotent verb."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeAlias

from billing.errors import StripeMismatch
from billing.gateway import Gateway
from billing.observability.timing import log_service_operation
from billing.services import (
    customers,
    disputes,
    invoices,
    orders,
    plan_emails,
    refunds,
    subscriptions,
)

Effect: TypeAlias = Callable[[], object]
"""What is to happen in the transaction that marks the event."""
Handler: TypeAlias = Callable[[str, Gateway], Effect | None]


@log_service_operation
def effect_of(event_type: str, stripe_object_id: str | None, *, gateway: Gateway) -> Effect | None:
    """Read what the event is about, and return what it changes; None where it is not for us.

    Args:
        event_type: Stripe's name of the event.
        stripe_object_id: the id of the object in it.
        gateway: where the object is read; no transaction may be open.

    Raises:
        StripeMismatch: the event has no object to read.
        GatewayUnavailable: Stripe did not answer.
    """
    handler = HANDLERS.get(event_type)
    if handler is None:
        return None
    if stripe_object_id is None:
        raise StripeMismatch(f"A {event_type} event came without its object.")
    return handler(stripe_object_id, gateway)


def _checkout_changed(session_id: str, gateway: Gateway) -> Effect:
    return partial(orders.fulfil, orders.read(session_id, gateway=gateway))


def _checkout_payment_failed(session_id: str, gateway: Gateway) -> Effect:
    return partial(orders.fulfil, orders.read(session_id, gateway=gateway, has_failed=True))


def _subscription_changed(subscription_id: str, gateway: Gateway) -> Effect:
    customer_id = gateway.subscriptions.retrieve(subscription_id).customer_id
    return partial(subscriptions.apply, subscriptions.read(customer_id, gateway=gateway))


def _invoice_changed(invoice_id: str, gateway: Gateway) -> Effect:
    return partial(invoices.apply, gateway.invoices.retrieve(invoice_id))


def _renewal_failed(invoice_id: str, gateway: Gateway) -> Effect:
    """The e-mail says until when the tier stays on, so the subscription comes first."""
    invoice = gateway.invoices.retrieve(invoice_id)
    if invoice.subscription_id is None or invoice.customer_id is None:
        return partial(invoices.apply, invoice)
    held = subscriptions.read(invoice.customer_id, gateway=gateway)

    def _apply_both() -> None:
        subscriptions.apply(held)
        invoices.apply(invoice)

    return _apply_both


def _schedule_changed(schedule_id: str, gateway: Gateway) -> Effect:
    customer_id = gateway.schedules.get_customer_id(schedule_id)
    return partial(subscriptions.apply, subscriptions.read(customer_id, gateway=gateway))


def _payment_ahead(subscription_id: str, gateway: Gateway) -> Effect:
    customer_id = gateway.subscriptions.retrieve(subscription_id).customer_id
    held = subscriptions.read(customer_id, gateway=gateway)

    def _apply_and_announce() -> None:
        subscriptions.apply(held)
        plan_emails.announce_next_payment(customer_id)

    return _apply_and_announce


def _charge_refunded(charge_id: str, gateway: Gateway) -> Effect:
    return partial(refunds.apply, refunds.read(charge_id, gateway=gateway))


def _refund_changed(refund_id: str, gateway: Gateway) -> Effect:
    charge_id = gateway.refunds.retrieve(refund_id).charge_id
    if charge_id is None:
        raise StripeMismatch(f"The refund {refund_id} is of no charge.")
    return _charge_refunded(charge_id, gateway)


def _dispute_changed(dispute_id: str, gateway: Gateway) -> Effect:
    return partial(disputes.apply, disputes.read(dispute_id, gateway=gateway))


def _customer_deleted(customer_id: str, gateway: Gateway) -> Effect | None:
    """A customer that was never ours is not for us."""
    deleted = customers.read_deleted(customer_id, gateway=gateway)
    return None if deleted is None else partial(customers.retire, deleted)


HANDLERS: Mapping[str, Handler] = {
    "checkout.session.completed": _checkout_changed,
    "checkout.session.async_payment_succeeded": _checkout_changed,
    "checkout.session.async_payment_failed": _checkout_payment_failed,
    "checkout.session.expired": _checkout_changed,
    "customer.subscription.created": _subscription_changed,
    "customer.subscription.updated": _subscription_changed,
    "customer.subscription.deleted": _subscription_changed,
    "customer.subscription.paused": _subscription_changed,
    "customer.subscription.resumed": _subscription_changed,
    "customer.subscription.pending_update_applied": _subscription_changed,
    "customer.subscription.pending_update_expired": _subscription_changed,
    "customer.subscription.trial_will_end": _payment_ahead,
    "subscription_schedule.aborted": _schedule_changed,
    "subscription_schedule.canceled": _schedule_changed,
    "subscription_schedule.completed": _schedule_changed,
    "subscription_schedule.released": _schedule_changed,
    "subscription_schedule.updated": _schedule_changed,
    "invoice.finalized": _invoice_changed,
    "invoice.paid": _invoice_changed,
    "invoice.payment_failed": _renewal_failed,
    "invoice.payment_action_required": _renewal_failed,
    "invoice.upcoming": _payment_ahead,
    "invoice.voided": _invoice_changed,
    "invoice.marked_uncollectible": _invoice_changed,
    "customer.deleted": _customer_deleted,
    "charge.refunded": _charge_refunded,
    "charge.refund.updated": _refund_changed,
    "refund.created": _refund_changed,
    "refund.updated": _refund_changed,
    "refund.failed": _refund_changed,
    "charge.dispute.created": _dispute_changed,
    "charge.dispute.updated": _dispute_changed,
    "charge.dispute.closed": _dispute_changed,
    "charge.dispute.funds_withdrawn": _dispute_changed,
    "charge.dispute.funds_reinstated": _dispute_changed,
}
