"""Invoices compared: those that Stripe issued to our customers beside our copies."""

from collections.abc import Iterator
from datetime import datetime
from functools import partial

from sqlalchemy import select

from billing.database import db
from billing.errors import StripeMismatch
from billing.gateway import Gateway, StripeInvoice
from billing.models import Invoice
from billing.services import invoices
from billing.services.findings import Finding
from billing.services.users import find_owner_id


def compare_invoices(gateway: Gateway, since: datetime) -> Iterator[Finding]:
    """Find invoices of our customers that we do not know, or know otherwise; drafts may change."""
    for invoice in gateway.invoices.list_since(since):
        if invoice.status == invoices.DRAFT:
            continue
        detail = _detail(_find_copy(invoice.id), invoice)
        if detail is not None and _is_of_user(invoice):
            yield Finding(f"invoice {invoice.id}", detail, partial(_apply, invoice.id, gateway))


def _apply(invoice_id: str, gateway: Gateway) -> None:
    invoice = gateway.invoices.retrieve(invoice_id)
    invoices.apply(invoice)
    if _detail(_find_copy(invoice_id), invoice):
        raise StripeMismatch("Our copy is final, and Stripe says otherwise.")


def _find_copy(invoice_id: str) -> Invoice | None:
    copy = select(Invoice).where(Invoice.stripe_invoice_id == invoice_id)
    return db.session.scalar(copy.execution_options(populate_existing=True))


def _is_of_user(invoice: StripeInvoice) -> bool:
    return find_owner_id(db.session(), invoice.customer_id) is not None


def _detail(copy: Invoice | None, invoice: StripeInvoice) -> str | None:
    if copy is None:
        return f"it is {invoice.status}, and we do not know it"
    same = {
        "status": copy.status == invoice.status,
        "total": copy.total == invoice.total,
        "amount due": copy.amount_due == invoice.amount_due,
        "amount paid": copy.amount_paid_minor == invoice.amount_paid.amount_minor,
        "count of attempts": copy.attempt_count == invoice.attempt_count,
        "next attempt": copy.next_attempt_at == invoice.next_attempt_at,
    }
    wrong = [name for name, is_same in same.items() if not is_same]
    return f"we have another {', '.join(wrong)}" if wrong else None
