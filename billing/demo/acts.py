"""What somebody of the demo may do: through the services, and paid at the sandbox."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import select

from billing.database import db
from billing.demo.sandbox import Sandbox
from billing.domain.interval import Interval
from billing.gateway import Gateway
from billing.models import Order, User
from billing.services import checkout, metering_batch, plan_changes, usage
from billing.services.checkout import ReturnPages
from billing.services.metering_batch import BatchRequest
from billing.settings import Settings

LARGEST_CALL = 180


@dataclass(frozen=True)
class Shop:
    """Where they buy, and the other side of it."""

    settings: Settings
    gateway: Gateway
    sandbox: Sandbox

    @property
    def pages(self) -> ReturnPages:
        base = f"{self.settings.base_url}/checkout"
        return ReturnPages(f"{base}/success?session_id={{CHECKOUT_SESSION_ID}}", f"{base}/cancel")


Act = Callable[[User, Shop], None]


def subscribe(tier: str, interval: Interval = Interval.MONTH) -> Act:
    """Buy a tier."""

    def _act(user: User, shop: Shop) -> None:
        checkout.start_subscription(
            user,
            tier_slug=tier,
            interval=interval,
            pages=shop.pages,
            person_key=shop.settings.person_key,
            gateway=shop.gateway,
        )
        shop.sandbox.pay(_newest_order(user).stripe_session_id or "")

    return _act


def buy(package: str) -> Act:
    """Buy tokens."""

    def _act(user: User, shop: Shop) -> None:
        checkout.start_tokens(user, package_slug=package, pages=shop.pages, gateway=shop.gateway)
        shop.sandbox.pay(_newest_order(user).stripe_session_id or "")

    return _act


def return_tokens(user: User, shop: Shop) -> None:
    """Get the money for the newest tokens back."""
    shop.sandbox.refund(_newest_order(user).stripe_payment_intent_id or "")


def change_to(tier: str) -> Act:
    """Change the plan, at the amount that the preview says."""

    def _act(user: User, shop: Shop) -> None:
        seen = plan_changes.preview(
            user, tier_slug=tier, interval=Interval.MONTH, gateway=shop.gateway
        )
        plan_changes.confirm(
            user,
            tier_slug=tier,
            interval=Interval.MONTH,
            proration_at=seen.proration_at,
            due_now_minor=seen.due_now.amount_minor,
            gateway=shop.gateway,
        )

    return _act


def cancel(user: User, shop: Shop) -> None:
    """Cancel at the period's end."""
    plan_changes.cancel(user, feedback="unused", gateway=shop.gateway)


def change_card(name: str) -> Act:
    """Leave another card."""

    def _act(user: User, shop: Shop) -> None:
        subscription_id = user.subscription.stripe_subscription_id or ""
        shop.sandbox.change_card(user.stripe_customer_id or "", subscription_id, name)

    return _act


def run_batch(beyond_quota: int) -> Act:
    """Use all that is left of the quota in one night, and some tokens."""

    def _act(user: User, _shop: Shop) -> None:
        left = (usage.summary(user).quota.remaining or 0) + beyond_quota
        sizes = [LARGEST_CALL] * (left // LARGEST_CALL) + [left % LARGEST_CALL or LARGEST_CALL]
        metering_batch.record_batch([BatchRequest(user, "ai_chat", size) for size in sizes])

    return _act


def _newest_order(user: User) -> Order:
    newest = select(Order).where(Order.user_id == user.id).order_by(Order.id.desc()).limit(1)
    return db.session.scalars(newest).one()
