"""Invoices at Stripe, and the refund of one. https://docs.stripe.com/api/invoices"""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from stripe import Invoice, InvoicePayment, PaymentIntent

from billing.domain.money import Money
from billing.gateway.calls import Calls
from billing.gateway.reading import id_of, minor_units, moment, optional_moment
from billing.gateway.values import (
    InvoiceLine,
    InvoicePreview,
    StripeInvoice,
    StripeSubscription,
)

if TYPE_CHECKING:
    from stripe.params import InvoiceListParams

PAYMENT = "payments.data.payment.payment_intent"
BANK_ASKS = "requires_action"


class Invoices:
    """What customers were asked to pay."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def retrieve(self, invoice_id: str) -> StripeInvoice:
        """Read the invoice as it is now.

        Raises:
            StripeObjectNotFound: there is no invoice with this id.
        """
        with self._calls.stripe("invoices.retrieve") as client:
            return _read(client.v1.invoices.retrieve(invoice_id, {"expand": [PAYMENT]}))

    def list_since(self, since: datetime) -> Iterator[StripeInvoice]:
        """Read the invoices made since then, newest first, a page at a time.

        What a bank asks is not in a list: `needs_confirmation` is false there.

        Args:
            since: aware UTC.
        """
        params: InvoiceListParams = {"created": {"gte": int(since.timestamp())}, "limit": 100}
        with self._calls.stripe("invoices.list") as client:
            for invoice in client.v1.invoices.list(params).auto_paging_iter():
                yield _read(invoice)

    def preview_change(
        self, subscription: StripeSubscription, price_id: str, *, proration_at: datetime
    ) -> InvoicePreview:
        """Ask what moving to another price would charge now.

        Args:
            subscription: as it is now.
            price_id: the price to move to.
            proration_at: the moment to count the unused time from; the change must name the same.
        """
        with self._calls.stripe("invoices.create_preview") as client:
            invoice = client.v1.invoices.create_preview(
                {
                    "customer": subscription.customer_id,
                    "subscription": subscription.id,
                    "subscription_details": {
                        "items": [{"id": subscription.item_id, "price": price_id}],
                        "proration_behavior": "always_invoice",
                        "proration_date": int(proration_at.timestamp()),
                    },
                }
            )
        return _read_preview(invoice)

    def find_by_payment(self, payment_intent_id: str) -> StripeInvoice | None:
        """Return the invoice that the payment intent pays, None where it pays none.

        Args:
            payment_intent_id: Stripe's id.
        """
        with self._calls.stripe("invoice_payments.list") as client:
            found = client.v1.invoice_payments.list(
                {"payment": {"type": "payment_intent", "payment_intent": payment_intent_id}}
            ).data
        invoice_id = id_of(found[0].invoice) if found else None
        return None if invoice_id is None else self.retrieve(invoice_id)

    def pay(self, invoice_id: str) -> None:
        """Try the payment of an open invoice again, now.

        Raises:
            CardDeclined: the bank refused, or wants the person to confirm.
            StripeRefused: the invoice is not open.
        """
        with self._calls.stripe("invoices.pay") as client:
            client.v1.invoices.pay(invoice_id)

    def find_payment(self, invoice_id: str) -> str | None:
        """Return the payment intent that paid the invoice, None where no money did.

        Args:
            invoice_id: Stripe's id.
        """
        with self._calls.stripe("invoice_payments.list") as client:
            payments = client.v1.invoice_payments.list({"invoice": invoice_id, "status": "paid"})
        return next(filter(None, map(_payment_intent_id, payments.data)), None)

    def refund_paid(self, invoice_id: str) -> None:
        """Give back all that was paid on the invoice; again does nothing more."""
        with self._calls.stripe("invoice_payments.list") as client:
            payments = client.v1.invoice_payments.list({"invoice": invoice_id, "status": "paid"})
        for payment_intent_id in filter(None, map(_payment_intent_id, payments.data)):
            with self._calls.stripe("refunds.create") as client:
                client.v1.refunds.create(
                    {"payment_intent": payment_intent_id},
                    {"idempotency_key": f"refund:{payment_intent_id}:all"},
                )


def _payment_intent_id(payment: InvoicePayment) -> str | None:
    return id_of(payment.payment.payment_intent)


def _read(invoice: Invoice) -> StripeInvoice:
    currency = invoice.currency
    next_attempt = invoice.next_payment_attempt if invoice.status == "open" else None
    return StripeInvoice(
        id=invoice.id or "",
        customer_id=id_of(invoice.customer),
        subscription_id=_subscription_id(invoice),
        number=invoice.number,
        status=invoice.status or "draft",
        billing_reason=invoice.billing_reason,
        description=_description(invoice),
        lines=_lines(invoice),
        tax=_tax(invoice),
        total=minor_units(invoice.total, currency),
        amount_due=minor_units(invoice.amount_due, currency),
        amount_paid=minor_units(invoice.amount_paid, currency),
        attempt_count=invoice.attempt_count,
        next_attempt_at=optional_moment(next_attempt),
        needs_confirmation=invoice.status == "open" and _bank_asks(invoice),
        hosted_invoice_url=invoice.hosted_invoice_url,
        issued_at=moment(invoice.created),
        finalized_at=optional_moment(invoice.status_transitions.finalized_at),
    )


def _description(invoice: Invoice) -> str:
    """Name the invoice by what costs the most on it, which is never the credit beside it."""
    dearest = max(invoice.lines.data, key=lambda line: line.amount, default=None)
    return (dearest.description if dearest else None) or invoice.description or "Invoice"


def _read_preview(invoice: Invoice) -> InvoicePreview:
    currency = invoice.currency
    return InvoicePreview(
        lines=_lines(invoice),
        subtotal=minor_units(invoice.subtotal, currency),
        tax=_tax(invoice),
        total=minor_units(invoice.total, currency),
        amount_due=minor_units(invoice.amount_due, currency),
    )


def _lines(invoice: Invoice) -> tuple[InvoiceLine, ...]:
    return tuple(
        InvoiceLine(
            description=line.description or "",
            amount=minor_units(line.amount, invoice.currency),
            period_start=moment(line.period.start),
            period_end=moment(line.period.end),
        )
        for line in invoice.lines.data
    )


def _tax(invoice: Invoice) -> Money:
    tax = sum(each.amount for each in invoice.total_taxes or [])
    return minor_units(tax, invoice.currency)


def _bank_asks(invoice: Invoice) -> bool:
    """Say whether a payment waits until the person confirms it with their bank."""
    # A list of invoices comes without their payments.
    payments = getattr(invoice, "payments", None)
    intents = [payment.payment.payment_intent for payment in payments.data] if payments else []
    return any(
        isinstance(intent, PaymentIntent) and intent.status == BANK_ASKS for intent in intents
    )


def _subscription_id(invoice: Invoice) -> str | None:
    parent = invoice.parent
    details = parent.subscription_details if parent else None
    return id_of(details.subscription) if details else None
