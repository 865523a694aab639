"""How Stripe's subscription becomes our value."""

from stripe import Customer, PaymentMethod, Subscription, SubscriptionSchedule

from billing.domain.statuses import SubscriptionStatus
from billing.gateway.reading import id_of, moment, optional_moment
from billing.gateway.values import Card, ScheduledChange, StripeSubscription

OPEN_SCHEDULES = frozenset({"active", "not_started"})


def read_subscription(subscription: Subscription) -> StripeSubscription:
    """Return the value; payment methods and schedule are read where they were expanded."""
    item = subscription.items.data[0]
    return StripeSubscription(
        id=subscription.id,
        customer_id=id_of(subscription.customer) or "",
        status=SubscriptionStatus(subscription.status),
        item_id=item.id,
        price_id=item.price.id,
        billing_cycle_anchor=moment(subscription.billing_cycle_anchor),
        current_period_start=moment(item.current_period_start),
        current_period_end=moment(item.current_period_end),
        cancel_at_period_end=subscription.cancel_at_period_end,
        cancel_at=optional_moment(subscription.cancel_at),
        ended_at=optional_moment(subscription.ended_at),
        trial_end=optional_moment(subscription.trial_end),
        created_at=moment(subscription.created),
        latest_invoice_id=id_of(subscription.latest_invoice),
        schedule_id=id_of(subscription.schedule),
        scheduled_change=_scheduled_change(subscription.schedule),
        card=_card(subscription.default_payment_method or _customers_method(subscription)),
    )


def _customers_method(subscription: Subscription) -> str | PaymentMethod | None:
    """Return what pays where the subscription names nothing of its own."""
    customer = subscription.customer
    settings = customer.invoice_settings if isinstance(customer, Customer) else None
    return settings.default_payment_method if settings else None


def _card(method: str | PaymentMethod | None) -> Card | None:
    if not isinstance(method, PaymentMethod) or method.card is None:
        return None
    card = method.card
    return Card(card.brand, card.last4, card.exp_month, card.exp_year)


def _scheduled_change(schedule: str | SubscriptionSchedule | None) -> ScheduledChange | None:
    """Return the next phase that has another price, whoever made the schedule."""
    if not isinstance(schedule, SubscriptionSchedule) or schedule.status not in OPEN_SCHEDULES:
        return None
    current = schedule.current_phase
    if current is None:
        return None
    prices = [
        (phase.start_date, id_of(phase.items[0].price) or "")
        for phase in schedule.phases
        if phase.items
    ]
    present = next((price for start, price in prices if start == current.start_date), None)
    later = [(start, price) for start, price in prices if start > current.start_date]
    changes = [(start, price) for start, price in later if price != present]
    if not changes:
        return None
    starts_at, price_id = min(changes)
    return ScheduledChange(schedule.id, price_id, moment(starts_at))
