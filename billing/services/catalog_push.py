"""The catalog at Stripe: a product for each tier and package, a price for each amount."""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy import select, update

from billing.database import transaction
from billing.domain.interval import Interval
from billing.domain.money import Money
from billing.gateway import Gateway
from billing.models import SubscriptionTier, TierVersion, TokenPackage
from billing.observability.timing import log_service_operation

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PushedPrice:
    """A price that Stripe holds now, under our lookup key."""

    lookup_key: str
    stripe_price_id: str


@dataclass(frozen=True, slots=True)
class _TierOnSale:
    tier_id: int
    version_id: int
    slug: str
    name: str
    version: int
    month: Money
    year: Money


@dataclass(frozen=True, slots=True)
class _PackageOnSale:
    package_id: int
    slug: str
    name: str
    price: Money


@log_service_operation
def push(gateway: Gateway) -> list[PushedPrice]:
    """Create or update the products and prices at Stripe, and store their ids.

    Each is found by a name of ours, so a push that broke off is finished by the next one.

    Raises:
        GatewayUnavailable: Stripe is away; what was pushed before that is stored.
        StripeRefused: Stripe does not take a product or price.
    """
    pushed: list[PushedPrice] = []
    for tier in _paid_tiers():
        pushed += _push_tier(tier, gateway)
    for package in _packages():
        pushed.append(_push_package(package, gateway))
    return pushed


# Copied out of the session: no row is touched, and no transaction open, while Stripe answers.
def _paid_tiers() -> Sequence[_TierOnSale]:
    with transaction() as session:
        on_sale = select(SubscriptionTier).where(SubscriptionTier.archived_at.is_(None))
        versions = [
            tier.current_version
            for tier in session.scalars(on_sale.order_by(SubscriptionTier.rank))
        ]
        return [
            _TierOnSale(
                tier_id=version.tier.id,
                version_id=version.id,
                slug=version.tier.slug,
                name=version.tier.name,
                version=version.version,
                month=version.price(Interval.MONTH),
                year=version.price(Interval.YEAR),
            )
            for version in versions
            if not version.is_free
        ]


def _packages() -> Sequence[_PackageOnSale]:
    with transaction() as session:
        on_sale = select(TokenPackage).where(TokenPackage.archived_at.is_(None))
        return [
            _PackageOnSale(
                package_id=package.id, slug=package.slug, name=package.name, price=package.price
            )
            for package in session.scalars(on_sale.order_by(TokenPackage.tokens))
        ]


def _push_tier(tier: _TierOnSale, gateway: Gateway) -> list[PushedPrice]:
    product_id = gateway.catalog.ensure_product(f"billhook_tier_{tier.slug}", name=tier.name)
    month, year = (
        _ensure_price(
            gateway,
            f"billhook:{tier.slug}:v{tier.version}:{interval}",
            product_id=product_id,
            money=money,
            interval=interval,
        )
        for interval, money in ((Interval.MONTH, tier.month), (Interval.YEAR, tier.year))
    )
    with transaction() as session:
        session.execute(
            update(SubscriptionTier)
            .where(SubscriptionTier.id == tier.tier_id)
            .values(stripe_product_id=product_id)
        )
        session.execute(
            update(TierVersion)
            .where(TierVersion.id == tier.version_id)
            .values(
                stripe_price_month_id=month.stripe_price_id,
                stripe_price_year_id=year.stripe_price_id,
            )
        )
    return [month, year]


def _push_package(package: _PackageOnSale, gateway: Gateway) -> PushedPrice:
    product_id = gateway.catalog.ensure_product(
        f"billhook_package_{package.slug}", name=package.name
    )
    money = package.price
    price = _ensure_price(
        gateway,
        # A package has no versions: the amount itself tells its prices apart.
        f"billhook:{package.slug}:{money.currency.lower()}:{money.amount_minor}",
        product_id=product_id,
        money=money,
        interval=None,
    )
    with transaction() as session:
        session.execute(
            update(TokenPackage)
            .where(
                TokenPackage.id == package.package_id,
                # Not when another price was applied while Stripe answered.
                TokenPackage.price_minor == money.amount_minor,
                TokenPackage.currency == money.currency,
            )
            .values(stripe_product_id=product_id, stripe_price_id=price.stripe_price_id)
        )
    return price


def _ensure_price(
    gateway: Gateway,
    lookup_key: str,
    *,
    product_id: str,
    money: Money,
    interval: Interval | None,
) -> PushedPrice:
    stripe_price_id = gateway.catalog.ensure_price(
        lookup_key, product_id=product_id, money=money, interval=interval
    )
    log.info("catalog.price_pushed", lookup_key=lookup_key, stripe_price_id=stripe_price_id)
    return PushedPrice(lookup_key, stripe_price_id)
