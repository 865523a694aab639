"""Every table; importing this room registers them all with the metadata."""

from billing.models.alert import AlertSetting, UsageAlert
from billing.models.api_key import ApiKey
from billing.models.audit import AuditEntry
from billing.models.catalog import Feature, SubscriptionTier, TierVersion, TokenPackage
from billing.models.credentials import CredentialAttempts, LinkPurpose, OneTimeLink, UserSession
from billing.models.dispute import Dispute
from billing.models.email import Email
from billing.models.former_customer import FormerCustomer
from billing.models.host_webhook import HostWebhook
from billing.models.idempotency import IdempotencyKey
from billing.models.invoice import Invoice
from billing.models.ledger import LotBurn, TokenLot, TokenTransaction, UserTokenBalance
from billing.models.metering import (
    AiRefusal,
    AiRequest,
    Hold,
    HoldLot,
    QuotaPeriod,
    UsageDay,
)
from billing.models.order import Order
from billing.models.portal_link import PortalLink
from billing.models.refund import Refund
from billing.models.revenue import RevenueMovement
from billing.models.second_factor import RecoveryCode, SecondFactor
from billing.models.subscription import FeatureOverride, QuotaUse, TrialUse, UserSubscription
from billing.models.user import User
from billing.models.verification import Verification
from billing.models.webhook_event import WebhookAttempt, WebhookEvent

__all__ = [
    "AiRefusal",
    "AiRequest",
    "AlertSetting",
    "ApiKey",
    "AuditEntry",
    "CredentialAttempts",
    "Dispute",
    "Email",
    "Feature",
    "FeatureOverride",
    "FormerCustomer",
    "Hold",
    "HoldLot",
    "HostWebhook",
    "IdempotencyKey",
    "Invoice",
    "LinkPurpose",
    "LotBurn",
    "OneTimeLink",
    "Order",
    "PortalLink",
    "QuotaPeriod",
    "QuotaUse",
    "RecoveryCode",
    "Refund",
    "RevenueMovement",
    "SecondFactor",
    "SubscriptionTier",
    "TierVersion",
    "TokenLot",
    "TokenPackage",
    "TokenTransaction",
    "TrialUse",
    "UsageAlert",
    "UsageDay",
    "User",
    "UserSession",
    "UserSubscription",
    "UserTokenBalance",
    "Verification",
    "WebhookAttempt",
    "WebhookEvent",
]
