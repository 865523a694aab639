"""How a subscription and an order read to a person: one word for each state of a page."""

from enum import StrEnum

from flask import Flask

from billing.domain.statuses import OrderState, SubscriptionStatus
from billing.models import Order, UserSubscription


class PlanState(StrEnum):
    """What the plan card of the account page is about; the value names its template."""

    FREE = "free"
    TRIALING = "trialing"
    ACTIVE = "active"
    ENDING = "ending"
    PAST_DUE = "past_due"
    WAITING = "waiting"


class PaymentState(StrEnum):
    """What the return page says."""

    PAID = "paid"
    CONFIRMING = "confirming"
    FAILED = "failed"


PLAN_STATES = {
    SubscriptionStatus.ACTIVE: PlanState.ACTIVE,
    SubscriptionStatus.TRIALING: PlanState.TRIALING,
    SubscriptionStatus.PAST_DUE: PlanState.PAST_DUE,
    SubscriptionStatus.UNPAID: PlanState.PAST_DUE,
    SubscriptionStatus.INCOMPLETE: PlanState.WAITING,
}
PAYMENT_STATES = {
    OrderState.PAID: PaymentState.PAID,
    OrderState.OPEN: PaymentState.CONFIRMING,
    OrderState.PROCESSING: PaymentState.CONFIRMING,
    OrderState.FAILED: PaymentState.FAILED,
    OrderState.EXPIRED: PaymentState.FAILED,
}


def init_app(app: Flask) -> None:
    """Give the templates the readings as filters."""
    app.jinja_env.filters["plan_state"] = plan_state
    app.jinja_env.filters["payment_state"] = payment_state


def plan_state(subscription: UserSubscription) -> PlanState:
    """Return what the person has to know first."""
    if not subscription.is_paid:
        return PlanState.FREE
    state = PLAN_STATES.get(SubscriptionStatus(subscription.status), PlanState.FREE)
    is_paid_for = state in {PlanState.ACTIVE, PlanState.TRIALING}
    return PlanState.ENDING if is_paid_for and subscription.ends_at is not None else state


def payment_state(order: Order) -> PaymentState:
    """Return how far the payment of the order has come."""
    return PAYMENT_STATES[OrderState(order.state)]
