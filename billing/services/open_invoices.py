"""The invoice that waits for its payment: shown, paid again, or given up with what it was for."""

import structlog
from sqlalchemy import select

from billing.database import db, transaction
from billing.errors import CardDeclined, NothingDue, PaymentIncomplete, StripeRefused
from billing.gateway import Gateway, StripeInvoice
from billing.messages import Message
from billing.models import Invoice, User
from billing.observability.timing import log_service_operation
from billing.services import invoices, subscriptions

log = structlog.get_logger(__name__)

NOTHING_DUE = Message("Nothing is due.")


def find(user_id: int) -> Invoice | None:
    """Return the user's newest open invoice of a subscription, None where all is settled.

    Args:
        user_id: whose.
    """
    newest = (
        select(Invoice)
        .where(
            Invoice.user_id == user_id,
            Invoice.status == "open",
            Invoice.stripe_subscription_id.is_not(None),
        )
        .order_by(Invoice.issued_at.desc(), Invoice.id.desc())
        .limit(1)
    )
    return db.session.scalar(newest)


@log_service_operation
def pay(user: User, *, gateway: Gateway) -> StripeInvoice:
    """Try the payment of the open invoice again, now; one that is paid meanwhile is no error.

    Args:
        user: who pays, with the card that Stripe holds.
        gateway: where Stripe is reached; no transaction may be open.

    Returns:
        The paid invoice.

    Raises:
        NothingDue: there is no open invoice.
        PaymentIncomplete: the card was declined, or the bank wants the person to confirm.
        GatewayUnavailable: Stripe did not answer; the same call again is safe.
    """
    invoice_id = _open_invoice_id(user, gateway)
    refusal: str = Message("The payment has not gone through.")
    try:
        gateway.invoices.pay(invoice_id)
    except (CardDeclined, StripeRefused) as error:
        refusal = error.detail
    invoice = _follow(user, invoice_id, gateway)
    log.info("invoice.payment_asked", user_id=user.id, status=invoice.status)
    if not invoice.is_paid:
        raise PaymentIncomplete(
            refusal,
            needs_confirmation=invoice.needs_confirmation,
            invoice_url=invoice.hosted_invoice_url,
        )
    return invoice


@log_service_operation
def discard(user: User, *, gateway: Gateway) -> None:
    """Give up a subscription whose first payment never came; Stripe voids the invoice.

    Args:
        user: who does not want it any more.
        gateway: where Stripe is reached; no transaction may be open.

    Raises:
        NothingDue: no first payment is open.
        GatewayUnavailable: Stripe did not answer.
    """
    row = find(user.id)
    if row is None or user.subscription.is_paid:
        raise NothingDue(NOTHING_DUE)
    gateway.subscriptions.cancel_now(row.stripe_subscription_id or "")
    _follow(user, row.stripe_invoice_id, gateway)


def _open_invoice_id(user: User, gateway: Gateway) -> str:
    row = find(user.id)
    if row is not None:
        return row.stripe_invoice_id
    # The webhook of the renewal may be late.
    if not user.subscription.is_past_due:
        raise NothingDue(NOTHING_DUE)
    held = gateway.subscriptions.retrieve(user.subscription.stripe_subscription_id or "")
    if held.latest_invoice_id is None:
        raise NothingDue(NOTHING_DUE)
    return held.latest_invoice_id


def _follow(user: User, invoice_id: str, gateway: Gateway) -> StripeInvoice:
    held = subscriptions.read(user.stripe_customer_id or "", gateway=gateway)
    invoice = gateway.invoices.retrieve(invoice_id)
    with transaction():
        subscriptions.apply(held)
        invoices.apply(invoice)
    return invoice
