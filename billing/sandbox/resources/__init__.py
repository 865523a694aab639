"""One module for each resource of Stripe's API; importing them registers their routes."""

from billing.sandbox.resources import (
    account,
    billing_portal_sessions,
    charges,
    checkout_sessions,
    customers,
    disputes,
    events,
    invoice_payments,
    invoices,
    payment_intents,
    payment_methods,
    prices,
    products,
    refunds,
    setup_intents,
    subscriptions,
    webhook_endpoints,
)
from billing.sandbox.routing import ROUTES

__all__ = [
    "ROUTES",
    "account",
    "billing_portal_sessions",
    "charges",
    "checkout_sessions",
    "customers",
    "disputes",
    "events",
    "invoice_payments",
    "invoices",
    "payment_intents",
    "payment_methods",
    "prices",
    "products",
    "refunds",
    "setup_intents",
    "subscriptions",
    "webhook_endpoints",
]
