"""The gateway: the only room that imports `stripe`. Typed methods in, frozen values out."""

from billing.gateway.gateway import Gateway
from billing.gateway.values import (
    Card,
    CheckoutSession,
    CustomerSubscriptions,
    Event,
    InvoiceLine,
    InvoicePreview,
    ScheduledChange,
    StripeCharge,
    StripeDispute,
    StripeInvoice,
    StripePrice,
    StripeProduct,
    StripeRefund,
    StripeSubscription,
)
from billing.gateway.webhooks import verify

__all__ = [
    "Card",
    "CheckoutSession",
    "CustomerSubscriptions",
    "Event",
    "Gateway",
    "InvoiceLine",
    "InvoicePreview",
    "ScheduledChange",
    "StripeCharge",
    "StripeDispute",
    "StripeInvoice",
    "StripePrice",
    "StripeProduct",
    "StripeRefund",
    "StripeSubscription",
    "verify",
]
