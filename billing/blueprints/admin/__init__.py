"""The admin's desk: for admins only, one module a noun; importing this room adds their routes."""

from billing.blueprints.admin import (
    audit_log,
    desk,
    emails,
    events,
    host_webhooks,
    overview,
    packages,
    payments,
    subscriptions,
    tiers,
    transactions,
    user_access,
    user_plans,
    user_tokens,
    users,
)
from billing.blueprints.admin.blueprint import bp

__all__ = [
    "audit_log",
    "bp",
    "desk",
    "emails",
    "events",
    "host_webhooks",
    "overview",
    "packages",
    "payments",
    "subscriptions",
    "tiers",
    "transactions",
    "user_access",
    "user_plans",
    "user_tokens",
    "users",
]
