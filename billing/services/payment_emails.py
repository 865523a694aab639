"""E-mails about money: receipts, payments that failed, what the bank asks, refunds.

Each is enqueued in the transaction of the change that it tells of, under a key that names the
object and the attempt: the same news twice is one e-mail.
"""

from billing.domain.interval import Interval
from billing.domain.money import Money
from billing.domain.receipts import AT_CHECKOUT
from billing.errors import Member
from billing.gateway import StripeInvoice, StripeRefund
from billing.messages import Message
from billing.models import Invoice, Order, User
from billing.services import catalog, emails
from billing.services.email_facts import line_fact, moment_fact, money_fact, package_fact

RENEWAL = "subscription_cycle"


def tell_of_invoice(user: User, invoice: StripeInvoice) -> None:
    """Send the receipt of a paid invoice, or say why an open one is not paid; joins.

    Who is at the checkout, or changes the plan, reads of a failure on the page.

    Args:
        user: whose invoice.
        invoice: as the gateway read it just now.
    """
    if invoice.is_paid and invoice.total.amount_minor > 0:
        _send_receipt(user, invoice)
    elif invoice.is_open and invoice.needs_confirmation and invoice.billing_reason != AT_CHECKOUT:
        _ask(user, invoice, "bank_confirmation")
    elif invoice.is_open and invoice.attempt_count and invoice.billing_reason == RENEWAL:
        _ask(user, invoice, "payment_failed")


def send_package_receipt(order: Order) -> None:
    """Send the receipt of a paid token package; joins the open transaction."""
    price = order.price
    paid_minor = order.amount_minor if order.amount_paid_minor is None else order.amount_paid_minor
    paid = Money(paid_minor, order.currency)
    lines = [package_fact(order.tokens, price)]
    if paid != price:
        lines.append(line_fact(Message("Discount and tax"), paid - price))
    context: dict[str, Member] = {
        "what": None,
        "package_tokens": order.tokens,
        "tokens": order.tokens + order.bonus_tokens,
        "number": None,
        "order_id": order.id,
        "lines": lines,
        "paid": money_fact(paid),
        "at": moment_fact(order.paid_at),
        "url": None,
    }
    emails.enqueue(order.user, "receipt", dedupe_key=f"receipt:order:{order.id}", context=context)


def tell_of_refund(
    user: User, refund: StripeRefund, *, order: Order | None, invoice: Invoice | None
) -> None:
    """Tell that money goes back to the person's card; joins the open transaction.

    Args:
        user: who gets it.
        refund: one that has not failed.
        order: the token package that was paid, if it was one.
        invoice: the invoice that was paid, if it was one.
    """
    context: dict[str, Member] = {
        "amount": money_fact(refund.amount),
        "what": invoice.description if invoice and not order else None,
        "package_tokens": order.tokens if order else 0,
    }
    emails.enqueue(user, "refund", dedupe_key=f"refund:{refund.id}", context=context)


def _send_receipt(user: User, invoice: StripeInvoice) -> None:
    lines = [line_fact(line.description, line.amount) for line in invoice.lines]
    if invoice.tax.amount_minor:
        lines.append(line_fact(Message("Tax"), invoice.tax))
    if invoice.amount_due != invoice.total:
        lines.append(line_fact(Message("Account credit"), invoice.amount_due - invoice.total))
    context: dict[str, Member] = {
        "what": invoice.description,
        "package_tokens": 0,
        "tokens": 0,
        "number": invoice.number or invoice.id,
        "order_id": None,
        "lines": lines,
        "paid": money_fact(invoice.amount_paid),
        "at": moment_fact(invoice.issued_at),
        "url": invoice.hosted_invoice_url,
    }
    emails.enqueue(user, "receipt", dedupe_key=f"receipt:invoice:{invoice.id}", context=context)


def _ask(user: User, invoice: StripeInvoice, kind: str) -> None:
    row = user.subscription
    unpaid = catalog.find_version_at_price(row.stripe_price_id) or row.tier_version
    is_on = unpaid.tier_id == row.tier_version.tier_id
    context: dict[str, Member] = {
        "tier": unpaid.tier.name,
        "interval": row.interval or Interval.MONTH,
        "due": money_fact(invoice.amount_due),
        "card": row.card_last4,
        "next_attempt_at": moment_fact(invoice.next_attempt_at),
        "access_until": moment_fact(row.grace_until) if is_on else None,
        "url": invoice.hosted_invoice_url,
    }
    key = f"{kind}:{invoice.id}:{invoice.attempt_count}"
    emails.enqueue(user, kind, dedupe_key=key, context=context)
