"""Disputes: while a bank decides about a payment, what it had bought waits.

A webhook and reconciliation call `read` and then `apply`. Tokens are frozen while the money is
still here, taken back when it leaves, and restored when the dispute is won. An inquiry moves
nothing. A subscription goes on: its user is flagged for an admin.
"""

from dataclasses import dataclass

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.database import transaction
from billing.domain.reversals import DisputeEffect
from billing.gateway import Gateway, StripeDispute
from billing.models import AuditEntry, Dispute, User
from billing.observability.timing import log_service_operation
from billing.services import payments, reversals
from billing.services.payments import PaymentReading
from billing.services.users import lock_customer

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class DisputeReading:
    """One dispute as Stripe had it at one moment, and the payment that it is about."""

    payment: PaymentReading
    dispute: StripeDispute


@log_service_operation
def read(dispute_id: str, *, gateway: Gateway) -> DisputeReading:
    """Read a dispute, and what the disputed charge had paid.

    Args:
        dispute_id: Stripe's id of the dispute.
        gateway: where Stripe is reached; no transaction may be open.

    Raises:
        UnknownCustomer: no user of ours was charged.
        GatewayUnavailable: Stripe did not answer.
    """
    charge_id = gateway.disputes.retrieve(dispute_id).charge_id
    payment = payments.read(charge_id, gateway=gateway)
    # Again, for only what is read under the ticket is known to be newer.
    return DisputeReading(payment, gateway.disputes.retrieve(dispute_id))


@log_service_operation
def apply(reading: DisputeReading) -> None:
    """Make our row, and what the payment had bought, say what Stripe holds.

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
        row = _upsert(session, user, reading)
        row.order, row.invoice = order, payments.keep_invoice(session, payment.invoice)
        session.flush()  # what follows reads the row
        if order is not None:
            reversals.follow(order)
        _flag(session, user)


def _upsert(session: Session, user: User, reading: DisputeReading) -> Dispute:
    payment, dispute = reading.payment, reading.dispute
    row = session.scalar(select(Dispute).where(Dispute.stripe_dispute_id == dispute.id))
    if row is None:
        row = Dispute(
            user_id=user.id,
            stripe_dispute_id=dispute.id,
            stripe_charge_id=payment.charge.id,
            stripe_payment_intent_id=payment.charge.payment_intent_id,
            opened_at=dispute.created_at,
        )
        session.add(row)
    elif row.applied_ticket >= payment.ticket:
        return row
    if (row.status, row.is_withdrawn) != (dispute.status, dispute.is_withdrawn):
        _audit(session, user, dispute, before=row.status)
    row.applied_ticket = payment.ticket
    row.status = dispute.status
    row.reason = dispute.reason
    row.amount_minor = dispute.amount.amount_minor
    row.currency = dispute.amount.currency
    row.is_withdrawn = dispute.is_withdrawn
    row.evidence_due_at = dispute.evidence_due_at
    return row


def _flag(session: Session, user: User) -> None:
    disputes = session.scalars(select(Dispute).where(Dispute.user_id == user.id))
    harmful = [row.opened_at for row in disputes if row.effect != DisputeEffect.NONE]
    user.disputed_at = min(harmful, default=None)


def _audit(session: Session, user: User, dispute: StripeDispute, *, before: str | None) -> None:
    after = {
        "stripe_dispute_id": dispute.id,
        "status": dispute.status,
        "reason": dispute.reason,
        "is_withdrawn": dispute.is_withdrawn,
        "amount_minor": dispute.amount.amount_minor,
        "currency": dispute.amount.currency,
    }
    session.add(
        AuditEntry(
            actor="stripe",
            action="dispute.changed",
            subject_type="user",
            subject_id=user.id,
            before={"status": before} if before else None,
            after=after,
        )
    )
    log.warning("dispute.changed", user_id=user.id, **after)
