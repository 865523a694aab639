"""E-mails about a plan: what became of it is read off the row before and after a change.

So each is sent once, whatever the number of events that told of the change, and by whichever door.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from billing import clock
from billing.database import transaction
from billing.domain.interval import Interval
from billing.domain.money import Money
from billing.domain.statuses import SubscriptionStatus
from billing.errors import Member
from billing.models import User, UserSubscription
from billing.observability.timing import log_service_operation
from billing.services import emails
from billing.services.email_facts import moment_fact, money_fact
from billing.services.users import lock_customer


@dataclass(frozen=True, slots=True)
class PlanStanding:
    """What a person knows of their plan, at one moment."""

    tier_name: str
    tier_slug: str
    interval: Interval | None
    price: Money
    is_paid: bool
    is_past_due: bool
    ends_at: datetime | None
    stripe_subscription_id: str | None


def standing_of(row: UserSubscription) -> PlanStanding:
    """Return how the plan stands, to be compared after the row has moved."""
    return PlanStanding(
        tier_name=row.tier.name,
        tier_slug=row.tier.slug,
        interval=row.interval,
        price=_price(row),
        is_paid=row.is_paid,
        is_past_due=row.is_past_due,
        ends_at=row.ends_at,
        stripe_subscription_id=row.stripe_subscription_id,
    )


def tell_of_change(user: User, *, before: PlanStanding, ticket: int) -> None:
    """Tell of a plan that ended, changed, was cancelled or goes on; joins the open transaction.

    Args:
        user: whose row has moved.
        before: how it stood.
        ticket: of the reading that moved it, which no other change has.
    """
    now = standing_of(user.subscription)
    if not before.is_paid:
        return
    if not now.is_paid:
        if user.subscription.status != SubscriptionStatus.PAUSED:
            _tell_of_end(user, before)
        return
    if user.subscription.is_grace_over(clock.now()):
        tell_of_grace_over(user, before=before)
        return
    key = f"{now.stripe_subscription_id}:{ticket}"
    if (before.tier_slug, before.interval) != (now.tier_slug, now.interval):
        _tell_of_new_plan(user, before, key)
    if before.ends_at is None and now.ends_at is not None:
        context = {"tier": now.tier_name, "ends_at": moment_fact(now.ends_at)}
        emails.enqueue(user, "plan_cancelled", dedupe_key=f"plan_cancelled:{key}", context=context)
    elif before.ends_at is not None and now.ends_at is None:
        emails.enqueue(
            user, "plan_resumed", dedupe_key=f"plan_resumed:{key}", context=_next_payment(user)
        )


@log_service_operation
def announce_next_payment(customer_id: str) -> None:
    """Tell when a trial ends or a year renews, once for each; joins the open transaction.

    A plan by the month renews without a word, and one that ends is not charged again.

    Args:
        customer_id: Stripe's id of the customer, whose subscription was applied just now.

    Raises:
        UnknownCustomer: no user of ours is this customer.
    """
    with transaction() as session:
        user = lock_customer(session, customer_id)
        _announce(user)


def _announce(user: User) -> None:
    row = user.subscription
    if not row.is_paid or row.ends_at is not None:
        return
    is_trial = row.status == SubscriptionStatus.TRIALING
    if not is_trial and row.interval != Interval.YEAR:
        return
    kind = "trial_ends" if is_trial else "renewal_ahead"
    context = _next_payment(user)
    key = f"{kind}:{row.stripe_subscription_id}:{context['at']}"
    emails.enqueue(user, kind, dedupe_key=key, context=context)


def tell_of_grace_over(user: User, *, before: PlanStanding) -> None:
    """Tell that a plan whose renewal stayed unpaid is off; joins the open transaction.

    Args:
        user: whose row has moved.
        before: how it stood.
    """
    # The plan may be off already, and then they were told.
    if before.tier_slug != user.subscription.tier.slug:
        ended_at = user.subscription.grace_until
        key = f"{before.stripe_subscription_id}:{ended_at}"
        _enqueue_end(user, replace(before, is_past_due=True), ended_at, key=key)


def _tell_of_end(user: User, before: PlanStanding) -> None:
    # After its grace the plan was off already, and they were told.
    if before.tier_slug != user.subscription.tier.slug:
        key = before.stripe_subscription_id or ""
        _enqueue_end(user, before, user.subscription.ended_at, key=key)


def _enqueue_end(user: User, before: PlanStanding, at: datetime | None, *, key: str) -> None:
    context = {
        "tier": before.tier_name,
        "ended_at": moment_fact(at),
        "now_on": user.subscription.tier.name,
        "was_unpaid": before.is_past_due,
    }
    emails.enqueue(user, "plan_ended", dedupe_key=f"plan_ended:{key}", context=context)


def _tell_of_new_plan(user: User, before: PlanStanding, key: str) -> None:
    requests = user.subscription.tier_version.ai_requests_per_month
    context = {"from": before.tier_name, "requests": requests, **_next_payment(user)}
    emails.enqueue(user, "plan_changed", dedupe_key=f"plan_changed:{key}", context=context)


def _next_payment(user: User) -> dict[str, Member]:
    row = user.subscription
    return {
        "tier": row.tier.name,
        "interval": row.interval or Interval.MONTH,
        "price": money_fact(_price(row)),
        "at": moment_fact(row.current_period_end),
        "card": row.card_last4,
    }


def _price(row: UserSubscription) -> Money:
    return row.tier_version.price(row.interval or Interval.MONTH)
