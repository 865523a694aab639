"""People in every state that a page has words for: what the page tests and the browser look at."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import time_machine

from billing import clock
from billing.database import transaction
from billing.domain.interval import Interval
from billing.domain.ledger import LotSource
from billing.domain.statuses import OrderKind, OrderState, SubscriptionStatus
from billing.models import Invoice, Order, SubscriptionTier, TokenPackage, User, UserSubscription
from billing.services import catalog, ledger, metering, quotas, revenue, sessions
from tests import factories
from tests.page import PageClient

SOON = timedelta(days=10)


def catalog_at_stripe() -> None:
    """The demo catalog, with the ids that a push would have stored."""
    factories.demo_catalog()
    with transaction():
        for tier in catalog.list_tiers():
            _push_tier(tier)
        for package in catalog.list_packages():
            package.stripe_price_id = f"price_{package.slug}"


def _push_tier(tier: SubscriptionTier) -> None:
    version = tier.current_version
    if not version.is_free:
        version.stripe_price_month_id = f"price_{tier.slug}_month"
        version.stripe_price_year_id = f"price_{tier.slug}_year"


def free() -> User:
    return factories.account()


def subscribed(
    tier: str = "pro",
    *,
    interval: Interval = Interval.MONTH,
    status: SubscriptionStatus = SubscriptionStatus.ACTIVE,
    change: Callable[[UserSubscription], None] = lambda _: None,
) -> User:
    """Return a user on the tier, as Stripe's webhooks would have left them."""
    user = factories.account()
    now = clock.now()
    with transaction():
        version = catalog.get_tier(tier).current_version
        subscription = user.subscription
        subscription.tier_version = version
        subscription.status, subscription.interval = status, interval
        subscription.stripe_subscription_id = f"sub_{user.id}"
        subscription.current_period_start = now
        subscription.current_period_end = now + SOON
        subscription.card_brand, subscription.card_last4 = "visa", "4242"
        subscription.card_exp_month, subscription.card_exp_year = 8, 2028
        change(subscription)
        quotas.follow_tier(user.id, tier_version=version, anchor=now)
        revenue.follow(subscription)
    return user


def ending() -> User:
    def cancel(subscription: UserSubscription) -> None:
        subscription.cancel_at_period_end = True

    return subscribed(change=cancel)


def trialing() -> User:
    def start_trial(subscription: UserSubscription) -> None:
        subscription.trial_end = subscription.current_period_end

    return subscribed(status=SubscriptionStatus.TRIALING, change=start_trial)


def past_due() -> User:
    user = unpaid()
    open_invoice(user)
    return user


def bank_asks() -> User:
    """Past due, because the bank wants the person to confirm."""
    user = unpaid()
    open_invoice(user, needs_confirmation=True)
    return user


def unpaid() -> User:
    """Past due, and the invoice has not reached us."""

    def give_grace(subscription: UserSubscription) -> None:
        subscription.grace_until = clock.now() + timedelta(days=14)

    return subscribed(status=SubscriptionStatus.PAST_DUE, change=give_grace)


def downgrading() -> User:
    """On Pro, and on Starter when the period ends."""

    def schedule(subscription: UserSubscription) -> None:
        subscription.scheduled_tier_version = catalog.get_tier("starter").current_version
        subscription.scheduled_interval = Interval.MONTH
        subscription.scheduled_at = subscription.current_period_end
        subscription.stripe_schedule_id = "sub_sched_test"

    return subscribed(change=schedule)


def card_expiring() -> User:
    def expire(subscription: UserSubscription) -> None:
        today = clock.now()
        subscription.card_exp_month, subscription.card_exp_year = today.month, today.year

    return subscribed(change=expire)


def ended() -> User:
    """On Free again, after Pro."""

    def end(subscription: UserSubscription) -> None:
        subscription.stripe_price_id = "price_pro_month"
        subscription.tier_version = catalog.get_default_tier().current_version
        subscription.interval = subscription.current_period_end = None
        subscription.ended_at = clock.now()

    return subscribed(status=SubscriptionStatus.CANCELED, change=end)


def paused() -> User:
    """On Free, until Pro goes on."""
    user = ended()
    with transaction():
        user.subscription.status = SubscriptionStatus.PAUSED
    return user


def waiting() -> User:
    """On Free, and the first payment of Pro is open."""
    user = factories.account()
    open_invoice(user, stripe_subscription_id="sub_waiting", billing_reason="subscription_create")
    return user


def open_invoice(user: User, **changes: object) -> Invoice:
    """Return an unpaid invoice of the user's subscription."""
    facts = {
        "status": "open",
        "stripe_subscription_id": f"sub_{user.id}",
        "billing_reason": "subscription_cycle",
        "amount_due_minor": 4900,
        "amount_paid_minor": 0,
        "attempt_count": 1,
        "next_attempt_at": clock.now() + timedelta(days=3),
        "issued_at": clock.now(),
    }
    invoice = _invoice(user)
    for name, value in (facts | changes).items():
        setattr(invoice, name, value)
    with transaction() as session:
        session.add(invoice)
    return invoice


def abroad() -> User:
    """German, in Auckland, where the year 2027 begins half a day before it does in UTC."""

    def renew_at_new_year(subscription: UserSubscription) -> None:
        subscription.current_period_end = datetime(2026, 12, 31, 12, 0, tzinfo=UTC)

    user = subscribed(change=renew_at_new_year)
    with transaction():
        user.locale, user.time_zone = "de", "Pacific/Auckland"
    return user


def used_up() -> User:
    """Free, with neither quota nor tokens left."""
    user = free()
    metering.record(user, "ai_chat", 20)
    return user


def on_tokens() -> User:
    """Free, past the quota, and paying with tokens."""
    user = free()
    _grant(user, 500)
    metering.record(user, "ai_chat", 30)
    return user


def busy() -> User:
    """On Pro, with requests, tokens, an invoice and a purchase to show."""
    user = subscribed()
    _grant(user, 1_200)
    for quantity in (3, 1, 4120, 1, 5):
        metering.record(user, "ai_mentor", quantity)
    with transaction() as session:
        session.add(_invoice(user))
    order(user, OrderKind.TOKENS)
    return user


def order(user: User, kind: OrderKind, state: OrderState = OrderState.PAID) -> Order:
    """Return an order of the user, with a checkout session."""
    is_tokens = kind == OrderKind.TOKENS
    package = catalog.get_package("tokens-2000") if is_tokens else None
    version = None if is_tokens else catalog.get_tier("pro").current_version
    with transaction() as session:
        row = Order(
            user_id=user.id,
            kind=kind,
            item=f"test:{kind}:{state}",
            tier_version_id=version.id if version else None,
            interval=Interval.MONTH if version else None,
            token_package_id=package.id if package else None,
            amount_minor=6000 if is_tokens else 4900,
            currency="USD",
            state=state,
            paid_at=clock.now() if state == OrderState.PAID else None,
            stripe_session_id=f"cs_test_{user.id}_{kind}_{state}",
            **_token_columns(package),
        )
        session.add(row)
    return row


def _token_columns(package: TokenPackage | None) -> dict[str, int | None]:
    if package is None:
        return {}
    return {
        "tokens": package.tokens,
        "bonus_tokens": package.bonus_tokens,
        "expires_after_months": package.expires_after_months,
    }


def _grant(user: User, tokens: int) -> None:
    ledger.grant(
        user.id,
        tokens,
        source=LotSource.GRANT,
        reason="Goodwill for the outage on Monday",
        actor="test",
        idempotency_key=f"states:{user.id}",
    )


def _invoice(user: User) -> Invoice:
    return Invoice(
        user_id=user.id,
        stripe_invoice_id=f"in_{user.id}",
        number="BH-1987",
        status="paid",
        description="1 \u00d7 Pro (at $49.00 / month)",
        total_minor=4900,
        amount_paid_minor=4900,
        currency="USD",
        hosted_invoice_url="https://invoice.stripe.com/i/test",
        issued_at=clock.now() - timedelta(days=20),
    )


def log_in(page: PageClient, user: User) -> None:
    """Give the page's browser the session that the user would get for their password."""
    page.take_session(sessions.start(user))


def three_weeks_in() -> User:
    """On Pro, three weeks into the period, with requests of three features on most days."""
    with time_machine.travel(clock.now() - timedelta(days=21)) as traveller:
        user = subscribed()
        _grant(user, 1_200)
        for day in range(21):
            for number, feature in enumerate(("ai_chat", "ai_mentor", "ai_images")):
                if day % 7 != 6:
                    metering.record(user, feature, 90 - 25 * number + 9 * (day % 5))
            traveller.shift(timedelta(days=1))
    return user
