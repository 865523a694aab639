"""Choices: what a person set out to buy, on our terms; an order keeps a snapshot of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from billing.domain.interval import Interval
from billing.domain.money import Money
from billing.domain.statuses import OrderKind, OrderState
from billing.models import Order, TierVersion, TokenPackage
from billing.services import trials


@dataclass(frozen=True, slots=True)
class Choice:
    """A tier for an interval, or a token package, with our price and Stripe's id of it."""

    kind: OrderKind
    item: str
    money: Money
    stripe_price_id: str
    trial_days: int = 0
    person_hash: str | None = None
    tier_version_id: int | None = None
    interval: Interval | None = None
    token_package_id: int | None = None
    tokens: int = 0
    bonus_tokens: int = 0
    expires_after_months: int | None = None

    def is_what(self, order: Order) -> bool:
        """Whether an order made earlier is for the same thing on the same terms."""
        return (
            order.price == self.money
            and order.tier_version_id == self.tier_version_id
            and order.person_hash == self.person_hash
            and (order.tokens, order.bonus_tokens) == (self.tokens, self.bonus_tokens)
        )

    @classmethod
    def of_tier(
        cls, version: TierVersion, interval: Interval, *, stripe_price_id: str, person_hash: str
    ) -> Self:
        """Return the choice of a tier, paid every interval; with its trial, but once a person."""
        trial_days = 0 if trials.was_used(person_hash) else version.trial_days
        return cls(
            kind=OrderKind.SUBSCRIPTION,
            item=f"tier:{version.tier.slug}:{interval}",
            money=version.price(interval),
            stripe_price_id=stripe_price_id,
            trial_days=trial_days,
            person_hash=person_hash if trial_days else None,
            tier_version_id=version.id,
            interval=interval,
        )

    @classmethod
    def of_package(cls, package: TokenPackage, *, stripe_price_id: str) -> Self:
        """Return the choice of a token package."""
        return cls(
            kind=OrderKind.TOKENS,
            item=f"package:{package.slug}",
            money=package.price,
            stripe_price_id=stripe_price_id,
            token_package_id=package.id,
            tokens=package.tokens,
            bonus_tokens=package.bonus_tokens,
            expires_after_months=package.expires_after_months,
        )

    def order_of(self, user_id: int, *, session_expires_at: datetime) -> Order:
        """Build the order that snapshots the choice; it is not added yet."""
        return Order(
            user_id=user_id,
            kind=self.kind,
            item=self.item,
            tier_version_id=self.tier_version_id,
            interval=self.interval,
            token_package_id=self.token_package_id,
            tokens=self.tokens,
            bonus_tokens=self.bonus_tokens,
            expires_after_months=self.expires_after_months,
            person_hash=self.person_hash,
            amount_minor=self.money.amount_minor,
            currency=self.money.currency,
            state=OrderState.OPEN,
            stripe_session_expires_at=session_expires_at,
        )
