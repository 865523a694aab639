"""Invoices: a copy of what Stripe issued, for the account page."""

import structlog
from sqlalchemy import select

from billing.database import transaction
from billing.errors import UnknownCustomer
from billing.gateway import StripeInvoice
from billing.models import Invoice
from billing.observability.timing import log_service_operation
from billing.services import payment_emails
from billing.services.users import find_owner_id, lock_user

log = structlog.get_logger(__name__)

FINAL_STATUSES = frozenset({"paid", "void"})
DRAFT = "draft"


@log_service_operation
def apply(invoice: StripeInvoice) -> None:
    """Keep the invoice as Stripe has it; a reading from before it was paid changes nothing.

    Joins the open transaction.

    Args:
        invoice: as the gateway read it.

    Raises:
        UnknownCustomer: no user of ours is its customer.
    """
    if invoice.status == DRAFT:
        return
    with transaction() as session:
        user_id = find_owner_id(session, invoice.customer_id)
        if user_id is None:
            raise UnknownCustomer(f"No user is the Stripe customer {invoice.customer_id}.")
        user = lock_user(session, user_id)
        row = session.scalar(select(Invoice).where(Invoice.stripe_invoice_id == invoice.id))
        if row is None:
            row = Invoice(user_id=user_id, stripe_invoice_id=invoice.id)
            session.add(row)
        elif row.status in FINAL_STATUSES and invoice.status not in FINAL_STATUSES:
            return
        _copy(invoice, row)
        payment_emails.tell_of_invoice(user, invoice)


def _copy(invoice: StripeInvoice, row: Invoice) -> None:
    row.stripe_subscription_id = invoice.subscription_id
    row.number = invoice.number
    row.status = invoice.status
    row.description = invoice.description[:300]
    row.total_minor = invoice.total.amount_minor
    row.amount_paid_minor = invoice.amount_paid.amount_minor
    row.amount_due_minor = invoice.amount_due.amount_minor
    row.currency = invoice.total.currency
    row.billing_reason = invoice.billing_reason
    row.attempt_count = invoice.attempt_count
    row.next_attempt_at = invoice.next_attempt_at
    row.needs_confirmation = invoice.needs_confirmation
    row.hosted_invoice_url = invoice.hosted_invoice_url
    row.issued_at = invoice.issued_at
