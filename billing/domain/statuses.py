"""The states that our rows can be in; a subscription's are Stripe's own strings."""

from enum import StrEnum


class SubscriptionStatus(StrEnum):
    """https://docs.stripe.com/billing/subscriptions/overview#subscription-statuses"""

    ACTIVE = "active"
    TRIALING = "trialing"
    PAST_DUE = "past_due"
    UNPAID = "unpaid"
    PAUSED = "paused"
    INCOMPLETE = "incomplete"
    INCOMPLETE_EXPIRED = "incomplete_expired"
    CANCELED = "canceled"


class OrderKind(StrEnum):
    SUBSCRIPTION = "subscription"
    TOKENS = "tokens"


class OrderState(StrEnum):
    """One checkout: open until the person pays, processing while a bank takes its time."""

    OPEN = "open"
    PROCESSING = "processing"
    PAID = "paid"
    FAILED = "failed"
    EXPIRED = "expired"


class EventState(StrEnum):
    """Where a webhook event stands in the inbox."""

    PENDING = "pending"
    PROCESSED = "processed"
    IGNORED = "ignored"
    PARKED = "parked"
    FAILED = "failed"


LIVE_STATUSES = frozenset(
    {SubscriptionStatus.ACTIVE, SubscriptionStatus.TRIALING, SubscriptionStatus.PAST_DUE}
)
"""With these a paid tier's features stay on."""
PAID_STATUSES = LIVE_STATUSES - {SubscriptionStatus.TRIALING}
"""With these a subscription counts as revenue: a trial brings nothing yet."""
ENDED_STATUSES = frozenset({SubscriptionStatus.CANCELED, SubscriptionStatus.INCOMPLETE_EXPIRED})
"""From these no subscription comes back."""
SETTLED_STATES = frozenset({EventState.PROCESSED, EventState.IGNORED})
"""Nothing is left to do for an event in these."""
