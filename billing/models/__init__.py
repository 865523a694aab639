"""Every table; importing this room registers them all with the metadata."""

from billing.models.api_key import ApiKey
from billing.models.audit import AuditEntry
from billing.models.catalog import Feature, SubscriptionTier, TierVersion, TokenPackage
from billing.models.invoice import Invoice
from billing.models.ledger import UserTokenBalance
from billing.models.order import Order
from billing.models.subscription import FeatureOverride, UserSubscription
from billing.models.user import User
from billing.models.webhook_event import WebhookEvent

__all__ = [
    "ApiKey",
    "AuditEntry",
    "Feature",
    "FeatureOverride",
    "Invoice",
    "Order",
    "SubscriptionTier",
    "TierVersion",
    "TokenPackage",
    "User",
    "UserSubscription",
    "UserTokenBalance",
    "WebhookEvent",
]
