"""How a subscription, its quota and an order read to a person: one word per state of a page."""

from enum import StrEnum

from flask import Flask

from billing import clock
from billing.domain.cards import WARNED_BEFORE, end_of_card
from billing.domain.interval import Interval
from billing.domain.money import Money
from billing.domain.statuses import OrderState, SubscriptionStatus
from billing.models import Invoice, Order, UserSubscription
from billing.services.usage import UsageSummary

NEARLY_USED_UP_PERCENT = 80


class PlanState(StrEnum):
    """What the plan card of the account page is about; the value names its template."""

    FREE = "free"
    TRIALING = "trialing"
    ACTIVE = "active"
    SCHEDULED = "scheduled"
    ENDING = "ending"
    PAST_DUE = "past_due"
    BANK_ASKS = "bank_asks"
    ENDED = "ended"
    PAUSED = "paused"
    WAITING = "waiting"
    COMPLIMENTARY = "complimentary"


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
    BANK_ASKS = "bank_asks"
    PLAN_ENDS = "plan_ends"
    QUOTA_USED_UP = "quota_used_up"
    TRIAL_ENDS = "trial_ends"
    PLAN_CHANGES = "plan_changes"
    CARD_EXPIRES = "card_expires"


PLAN_STATES = {
    SubscriptionStatus.ACTIVE: PlanState.ACTIVE,
    SubscriptionStatus.TRIALING: PlanState.TRIALING,
    SubscriptionStatus.PAST_DUE: PlanState.PAST_DUE,
    SubscriptionStatus.UNPAID: PlanState.PAST_DUE,
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
    for function in (plan_state, price_now, price_next, price_due, quota_tone):
        app.jinja_env.filters[function.__name__] = function
    app.jinja_env.globals["notice_kind"] = notice_kind


def plan_state(subscription: UserSubscription, open_invoice: Invoice | None = None) -> PlanState:
    """Return what the person has to know first.

    Args:
        subscription: of the person.
        open_invoice: that waits for its payment, where the page knows of one.
    """
    if not subscription.is_paid:
        return _state_without_plan(subscription, open_invoice)
    state = PLAN_STATES.get(SubscriptionStatus(subscription.status), PlanState.FREE)
    if state == PlanState.PAST_DUE:
        return PlanState.BANK_ASKS if _bank_asks(open_invoice) else state
    if subscription.ends_at is not None:
        return PlanState.ENDING
    return PlanState.SCHEDULED if subscription.scheduled_at is not None else state


def _state_without_plan(subscription: UserSubscription, open_invoice: Invoice | None) -> PlanState:
    is_first_payment = (
        open_invoice is not None
        and open_invoice.stripe_subscription_id != subscription.stripe_subscription_id
    )
    if is_first_payment:
        return PlanState.WAITING
    if subscription.status == SubscriptionStatus.PAUSED:
        return PlanState.PAUSED
    if subscription.complimentary_until is not None:
        return PlanState.COMPLIMENTARY
    return PlanState.ENDED if subscription.ended_at is not None else PlanState.FREE


def _bank_asks(open_invoice: Invoice | None) -> bool:
    return open_invoice is not None and open_invoice.needs_confirmation


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


def price_next(subscription: UserSubscription) -> Money:
    """Return what the next period costs, on another tier where a change is set."""
    version = subscription.scheduled_tier_version
    if version is None:
        return price_now(subscription)
    return version.price(Interval(subscription.scheduled_interval or Interval.MONTH))


def price_due(subscription: UserSubscription, open_invoice: Invoice | None) -> Money:
    """Return what is to be paid for a renewal that has failed."""
    return price_now(subscription) if open_invoice is None else open_invoice.amount_due


def notice_kind(
    subscription: UserSubscription, usage: UsageSummary, open_invoice: Invoice | None = None
) -> NoticeKind | None:
    """Return the one notice that matters most, None when all is well."""
    state = plan_state(subscription, open_invoice)
    is_used_up = usage.quota.remaining is not None and usage.quota.remaining <= 0
    by_priority = {
        NoticeKind.PAYMENT_FAILED: state == PlanState.PAST_DUE,
        NoticeKind.ALL_USED_UP: is_used_up and usage.tokens.available <= 0,
        NoticeKind.BANK_ASKS: subscription.is_paid and _bank_asks(open_invoice),
        NoticeKind.PLAN_ENDS: state == PlanState.ENDING,
        NoticeKind.QUOTA_USED_UP: is_used_up,
        NoticeKind.TRIAL_ENDS: state == PlanState.TRIALING,
        NoticeKind.PLAN_CHANGES: state == PlanState.SCHEDULED,
        NoticeKind.CARD_EXPIRES: _card_expires_soon(subscription),
    }
    return next((kind for kind, is_so in by_priority.items() if is_so), None)


def _card_expires_soon(subscription: UserSubscription) -> bool:
    year, month = subscription.card_exp_year, subscription.card_exp_month
    if not subscription.is_paid or year is None or month is None:
        return False
    return end_of_card(year, month) - clock.now() <= WARNED_BEFORE


def quota_tone(usage: UsageSummary) -> str | None:
    """Return the meter's tone: amber when the quota is nearly gone, red when it is."""
    quota = usage.quota
    if quota.limit is None:
        return None
    if quota.used >= quota.limit:
        return "bad"
    return "warn" if 100 * quota.used >= NEARLY_USED_UP_PERCENT * quota.limit else None
