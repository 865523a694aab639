"""Refunds: money that went back takes back what it had bought.

A webhook and reconciliation call `read` and then `apply`. Tokens go back in proportion to all
refunds of the payment together, so that no event is counted twice; a refund that fails gives back.
A refunded invoice is marked, and the tier stays: ending it is a decision of its own.
"""

from dataclasses import dataclass

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billing.database import transaction
from billing.domain.reversals import FAILED_REFUNDS
from billing.gateway import Gateway, StripeRefund
from billing.models import AuditEntry, Invoice, Refund, User
from billing.observability.timing import log_service_operation
from billing.services import payment_emails, payments, reversals
from billing.services.payments import PaymentReading
from billing.services.users import lock_customer

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RefundsReading:
    """All refunds of one charge, as Stripe had them at one moment."""

    payment: PaymentReading
    refunds: tuple[StripeRefund, ...]


@log_service_operation
def read(charge_id: str, *, gateway: Gateway) -> RefundsReading:
    """Read all refunds of a charge, and what it had paid.

    Args:
        charge_id: Stripe's id of the charge.
        gateway: where Stripe is reached; no transaction may be open.

    Raises:
        UnknownCustomer: no user of ours was charged.
        GatewayUnavailable: Stripe did not answer.
    """
    payment = payments.read(charge_id, gateway=gateway)
    return RefundsReading(payment, gateway.refunds.list_by_charge(charge_id))


@log_service_operation
def apply(reading: RefundsReading) -> None:
    """Make our rows, and what the payment had bought, say what Stripe holds.

    Joins the open transaction; may be called any number of times, in any order.

    Args:
        reading: from `read`.

    Raises:
        UnknownCustomer: no user of ours was charged.
    """
    payment = reading.payment
    with transaction() as session:
        user = lock_customer(session, payment.customer_id)
        order = payments.find_order(session, payment.charge.payment_intent_id)
        invoice = payments.keep_invoice(session, payment.invoice)
        for refund in reading.refunds:
            row = _upsert(session, user, refund, payment)
            row.order, row.invoice = order, invoice
        session.flush()  # the sums below read the rows
        if order is not None:
            reversals.follow(order)
        for refund in reading.refunds:
            if refund.status not in FAILED_REFUNDS:
                payment_emails.tell_of_refund(user, refund, order=order, invoice=invoice)
        if invoice is not None:
            invoice.amount_refunded_minor = _refunded_minor(session, invoice)


def _upsert(session: Session, user: User, refund: StripeRefund, payment: PaymentReading) -> Refund:
    row = session.scalar(select(Refund).where(Refund.stripe_refund_id == refund.id))
    if row is None:
        row = Refund(
            user_id=user.id,
            stripe_refund_id=refund.id,
            stripe_charge_id=payment.charge.id,
            stripe_payment_intent_id=payment.charge.payment_intent_id,
            amount_minor=refund.amount.amount_minor,
            currency=refund.amount.currency,
            reason=refund.reason,
            issued_at=refund.created_at,
        )
        session.add(row)
    elif row.applied_ticket >= payment.ticket:
        return row
    row.applied_ticket = payment.ticket
    if row.status != refund.status:
        _audit(session, user, refund, before=row.status)
        row.status = refund.status
    return row


def _refunded_minor(session: Session, invoice: Invoice) -> int:
    returned = select(func.coalesce(func.sum(Refund.amount_minor), 0)).where(
        Refund.invoice_id == invoice.id, Refund.status.not_in(FAILED_REFUNDS)
    )
    return int(session.scalar(returned) or 0)


def _audit(session: Session, user: User, refund: StripeRefund, *, before: str | None) -> None:
    facts = {"stripe_refund_id": refund.id, "amount_minor": refund.amount.amount_minor}
    session.add(
        AuditEntry(
            actor="stripe",
            action="refund.changed",
            subject_type="user",
            subject_id=user.id,
            before={"status": before} if before else None,
            after={**facts, "currency": refund.amount.currency, "status": refund.status},
        )
    )
    log.info("refund.changed", user_id=user.id, status=refund.status, **facts)
