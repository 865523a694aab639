"""Payments: what a charge at Stripe paid for, so that what goes wrong with it finds its way."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.database import db
from billing.errors import UnknownCustomer
from billing.gateway import Gateway, StripeCharge, StripeInvoice
from billing.models import Invoice, Order
from billing.observability.timing import log_service_operation
from billing.services import invoices, tickets


@dataclass(frozen=True, slots=True)
class PaymentReading:
    """One charge of a customer of ours; `invoice` is the one that it paid, if it did."""

    charge: StripeCharge
    customer_id: str
    ticket: int
    invoice: StripeInvoice | None


@log_service_operation
def read(charge_id: str, *, gateway: Gateway) -> PaymentReading:
    """Read what a charge was for, under a ticket that covers what is read afterwards.

    Args:
        charge_id: Stripe's id of the charge.
        gateway: where Stripe is reached; no transaction may be open.

    Raises:
        UnknownCustomer: no user of ours was charged.
        GatewayUnavailable: Stripe did not answer.
    """
    charge = gateway.charges.retrieve(charge_id)
    if charge.customer_id is None:
        raise UnknownCustomer(f"The charge {charge_id} is of no customer.")
    ticket = tickets.take(charge.customer_id).number
    payment_intent_id = charge.payment_intent_id
    invoice = None
    if payment_intent_id is not None and find_order(db.session(), payment_intent_id) is None:
        invoice = gateway.invoices.find_by_payment(payment_intent_id)
    return PaymentReading(charge, charge.customer_id, ticket, invoice)


def find_order(session: Session, payment_intent_id: str | None) -> Order | None:
    """Return the order that the payment intent paid, None where it paid none that we know yet.

    Args:
        session: any session.
        payment_intent_id: Stripe's id, if there is one.
    """
    if payment_intent_id is None:
        return None
    return session.scalar(select(Order).where(Order.stripe_payment_intent_id == payment_intent_id))


def keep_invoice(session: Session, invoice: StripeInvoice | None) -> Invoice | None:
    """Bring our copy of the paid invoice up to date and return it, None where there is none.

    Args:
        session: the session of the open transaction.
        invoice: from a reading.
    """
    if invoice is None:
        return None
    invoices.apply(invoice)
    return session.scalar(select(Invoice).where(Invoice.stripe_invoice_id == invoice.id))
