"""Sums of money as lines: what an order cost, and what a person was billed so far."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Flask

from billing.domain.interval import Interval
from billing.domain.money import Money
from billing.domain.receipts import ReceiptStatus, status_of_invoice, status_of_payment
from billing.gateway import InvoiceLine
from billing.models import Invoice, Order
from billing.services.plan_changes import ChangePreview
from billing.web.filters import number
from billing.web.invoice_words import in_our_words
from billing.web.language import _, ngettext
from billing.web.language import lazy_gettext as _l
from billing.web.plan_words import plan_by

ONE_DAY = timedelta(days=1)
# The unused time of one tier, and the rest of the period on the other.
CHANGE_LINES = 2
STATUS_WORDS = {
    ReceiptStatus.PAID: _l("Paid"),
    ReceiptStatus.OPEN: _l("Open"),
    ReceiptStatus.PAST_DUE: _l("Past due"),
    ReceiptStatus.REFUNDED: _l("Refunded"),
    ReceiptStatus.PARTLY_REFUNDED: _l("Partly refunded"),
    ReceiptStatus.NOT_COLLECTED: _l("Not collected"),
    ReceiptStatus.VOID: _l("Void"),
}
STATUS_TONES = {
    ReceiptStatus.PAID: "ok",
    ReceiptStatus.OPEN: "warn",
    ReceiptStatus.PAST_DUE: "bad",
    ReceiptStatus.NOT_COLLECTED: "bad",
}


@dataclass(frozen=True, slots=True)
class ReceiptLine:
    """One line between the dotted leaders."""

    label: str
    amount: Money
    note: str | None = None

    @property
    def is_credit(self) -> bool:
        return self.amount.amount_minor < 0


@dataclass(frozen=True, slots=True)
class Receipt:
    """The lines and what they come to."""

    lines: tuple[ReceiptLine, ...]
    total: Money


@dataclass(frozen=True, slots=True)
class BillingRow:
    """One row of "Invoices and receipts"."""

    issued_at: datetime
    description: str
    number: str
    status: ReceiptStatus
    total: Money
    url: str | None

    @property
    def status_word(self) -> str:
        return STATUS_WORDS[self.status]

    @property
    def tone(self) -> str | None:
        return STATUS_TONES.get(self.status)


def init_app(app: Flask) -> None:
    """Give the templates the receipts."""
    app.jinja_env.filters["order_receipt"] = order_receipt
    app.jinja_env.filters["change_receipt"] = change_receipt
    app.jinja_env.globals["billing_rows"] = billing_rows
    app.jinja_env.globals["receipt_statuses"] = lambda: STATUS_WORDS


def order_name(order: Order) -> str:
    """Return what was bought: "Pro, monthly", "500 tokens"."""
    if order.tier_version is not None:
        return plan_by(order.tier_version.tier.name, order.interval or Interval.MONTH)
    tokens = order.tokens or 0
    return ngettext("%(count)s token", "%(count)s tokens", tokens, count=number(tokens))


def order_receipt(order: Order) -> Receipt:
    """Return what the order costs, and what was paid where that is known."""
    lines = [ReceiptLine(order_name(order), order.price)]
    paid_minor = order.amount_minor if order.amount_paid_minor is None else order.amount_paid_minor
    paid = Money(paid_minor, order.currency)
    if paid != order.price:
        is_trial = paid_minor == 0 and order.tier_version is not None
        label = _("Trial") if is_trial else _("Discount and tax")
        lines.append(ReceiptLine(label, paid - order.price))
    return Receipt(tuple(lines), paid)


def change_receipt(preview: ChangePreview) -> Receipt:
    """Return what a change costs now: its lines, tax, account credit, and what is left to pay."""
    invoice = preview.invoice
    if invoice is None:
        return Receipt((), preview.due_now)
    charges_first = sorted(invoice.lines, key=lambda line: line.amount.amount_minor < 0)
    lines = [_change_line(line, preview) for line in charges_first]
    if invoice.tax.amount_minor:
        lines.append(ReceiptLine(_("Tax"), invoice.tax))
    if invoice.credit.amount_minor:
        lines.append(ReceiptLine(_("Kept as account credit"), invoice.credit))
    elif invoice.amount_due != invoice.total:
        lines.append(ReceiptLine(_("Account credit"), invoice.amount_due - invoice.total))
    return Receipt(tuple(lines), invoice.amount_due)


def _change_line(line: InvoiceLine, preview: ChangePreview) -> ReceiptLine:
    """Name the two lines of a change, with their days; any other as an invoice names it."""
    invoice = preview.invoice
    if invoice is None or len(invoice.lines) != CHANGE_LINES:
        return ReceiptLine(in_our_words(line.description), line.amount)
    is_credit = line.amount.amount_minor < 0
    unused = _("Unused time on %(tier)s", tier=preview.current.tier.name)
    label = unused if is_credit else preview.wanted.tier.name
    return ReceiptLine(label, line.amount, _days(line, preview))


def _days(line: InvoiceLine, preview: ChangePreview) -> str | None:
    """Return "10 of 30 days" for a part of a period, None for a whole one."""
    days = (line.period_end - line.period_start) / ONE_DAY
    whole = (preview.period_end - preview.period_start) / ONE_DAY
    part, total = math.ceil(days), math.ceil(whole)
    if part >= total:
        return None
    return ngettext(
        "%(part)s of %(total)s day", "%(part)s of %(total)s days", total, part=part, total=total
    )


def billing_rows(invoices: Sequence[Invoice], orders: Sequence[Order]) -> list[BillingRow]:
    """Return invoices and token purchases in one list, newest first."""
    rows = [_invoice_row(invoice) for invoice in invoices]
    rows += [_order_row(order) for order in orders]
    return sorted(rows, key=lambda row: row.issued_at, reverse=True)


def _invoice_row(invoice: Invoice) -> BillingRow:
    if invoice.status == "paid":
        status = status_of_payment(invoice.amount_paid_minor, invoice.amount_refunded_minor)
    else:
        status = status_of_invoice(invoice.status, invoice.attempt_count)
    return BillingRow(
        issued_at=invoice.issued_at,
        description=in_our_words(invoice.description),
        number=invoice.number or "",
        status=status,
        total=invoice.total,
        url=invoice.hosted_invoice_url,
    )


def _order_row(order: Order) -> BillingRow:
    paid_minor = order.amount_minor if order.amount_paid_minor is None else order.amount_paid_minor
    return BillingRow(
        issued_at=order.paid_at or order.created_at,
        description=order_name(order),
        number=_("Order %(number)s", number=order.id),
        status=status_of_payment(paid_minor, order.amount_refunded_minor),
        total=order_receipt(order).total,
        url=None,
    )
