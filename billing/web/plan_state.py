"""How a subscription, its quota and an order read to a person: one word per state of a page."""

from enum import StrEnum

from flask import Flask

from billing.domain.interval import Interval
from billing.domain.money import Money
from billing.domain.statuses import OrderState, SubscriptionStatus
from billing.models import Order, UserSubscription
from billing.services.usage import UsageSummary

NEARLY_USED_UP_PERCENT = 80


class PlanState(StrEnum):
    """What the plan card of the account page is about; the value names its template."""

    FREE = "free"
    TRIALING = "trialing"
    ACTIVE = "active"
    ENDING = "ending"
    PAST_DUE = "past_due"
    WAITING = "waiting"


class PaymentState(StrEnum):
    """What the return page says; the value names its template."""

    PAID = "paid"
    UNPAID = "unpaid"
    CONFIRMING = "confirming"
    FAILED = "failed"


class NoticeKind(StrEnum):
    """What the account page says before its heading; the value names its template."""

    PAYMENT_FAILED = "payment_failed"
    ALL_USED_UP = "all_used_up"
    PLAN_ENDS = "plan_ends"
    QUOTA_USED_UP = "quota_used_up"
    TRIAL_ENDS = "trial_ends"


PLAN_STATES = {
    SubscriptionStatus.ACTIVE: PlanState.ACTIVE,
    SubscriptionStatus.TRIALING: PlanState.TRIALING,
    SubscriptionStatus.PAST_DUE: PlanState.PAST_DUE,
    SubscriptionStatus.UNPAID: PlanState.PAST_DUE,
    SubscriptionStatus.INCOMPLETE: PlanState.WAITING,
}
PAYMENT_STATES = {
    OrderState.PAID: PaymentState.PAID,
    OrderState.OPEN: PaymentState.UNPAID,
    OrderState.PROCESSING: PaymentState.CONFIRMING,
    OrderState.FAILED: PaymentState.FAILED,
    OrderState.EXPIRED: PaymentState.FAILED,
}


def init_app(app: Flask) -> None:
    """Give the templates the readings as filters."""
    for function in (plan_state, price_now, quota_tone):
        app.jinja_env.filters[function.__name__] = function
    app.jinja_env.globals["notice_kind"] = notice_kind


def plan_state(subscription: UserSubscription) -> PlanState:
    """Return what the person has to know first."""
    if not subscription.is_paid:
        return PlanState.FREE
    state = PLAN_STATES.get(SubscriptionStatus(subscription.status), PlanState.FREE)
    is_paid_for = state in {PlanState.ACTIVE, PlanState.TRIALING}
    return PlanState.ENDING if is_paid_for and subscription.ends_at is not None else state


def payment_state(order: Order, *, stripe_is_away: bool = False) -> PaymentState:
    """Return how far the payment of the order has come.

    Args:
        order: after it was compared with Stripe, or before.
        stripe_is_away: it could not be compared, so an open order may have been paid meanwhile.
    """
    if stripe_is_away and order.state == OrderState.OPEN:
        return PaymentState.CONFIRMING
    return PAYMENT_STATES[OrderState(order.state)]


def price_now(subscription: UserSubscription) -> Money:
    """Return what one interval of the subscription costs on the terms that the person has."""
    return subscription.tier_version.price(Interval(subscription.interval or Interval.MONTH))


def notice_kind(subscription: UserSubscription, usage: UsageSummary) -> NoticeKind | None:
    """Return the one notice that matters most, None when all is well."""
    state = plan_state(subscription)
    is_used_up = usage.quota.remaining is not None and usage.quota.remaining <= 0
    by_priority = {
        NoticeKind.PAYMENT_FAILED: state == PlanState.PAST_DUE,
        NoticeKind.ALL_USED_UP: is_used_up and usage.tokens.available <= 0,
        NoticeKind.PLAN_ENDS: state == PlanState.ENDING,
        NoticeKind.QUOTA_USED_UP: is_used_up,
        NoticeKind.TRIAL_ENDS: state == PlanState.TRIALING,
    }
    return next((kind for kind, is_so in by_priority.items() if is_so), None)


def quota_tone(usage: UsageSummary) -> str | None:
    """Return the meter's tone: amber when the quota is nearly gone, red when it is."""
    quota = usage.quota
    if quota.limit is None:
        return None
    if quota.used >= quota.limit:
        return "bad"
    return "warn" if 100 * quota.used >= NEARLY_USED_UP_PERCENT * quota.limit else None
