"""Receipts: how far the payment of an invoice or of a purchase has come, in one word."""

from enum import StrEnum

# What Stripe gives as the reason of the first invoice of a plan.
AT_CHECKOUT = "subscription_create"


class ReceiptStatus(StrEnum):
    """What a person reads of an invoice, or of a purchase of tokens."""

    PAID = "paid"
    OPEN = "open"
    PAST_DUE = "past_due"
    REFUNDED = "refunded"
    PARTLY_REFUNDED = "partly_refunded"
    NOT_COLLECTED = "not_collected"
    VOID = "void"


def status_of_payment(paid_minor: int, refunded_minor: int) -> ReceiptStatus:
    """Return how something that was paid stands.

    Args:
        paid_minor: what was paid, in minor units.
        refunded_minor: what of it went back.
    """
    if refunded_minor == 0:
        return ReceiptStatus.PAID
    is_whole = refunded_minor >= paid_minor
    return ReceiptStatus.REFUNDED if is_whole else ReceiptStatus.PARTLY_REFUNDED


def status_of_invoice(stripe_status: str, attempt_count: int) -> ReceiptStatus:
    """Return how an invoice stands that is not paid.

    Args:
        stripe_status: https://docs.stripe.com/api/invoices/object#invoice_object-status
        attempt_count: how often its payment was tried.
    """
    if stripe_status == "void":
        return ReceiptStatus.VOID
    if stripe_status == "uncollectible":
        return ReceiptStatus.NOT_COLLECTED
    return ReceiptStatus.PAST_DUE if attempt_count else ReceiptStatus.OPEN
