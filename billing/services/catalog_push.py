"""The catalog at Stripe: a product for each tier and package, a price for each amount."""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.database import transaction
from billing.domain.interval import Interval
from billing.domain.money import Money
from billing.gateway import Gateway
from billing.models import SubscriptionTier, TierVersion, TokenPackage
from billing.observability.timing import log_service_operation
from billing.services import audit
from billing.services.audit import Who

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
def push(gateway: Gateway, *, actor: Who = "cli") -> list[PushedPrice]:
    """Create or update the products and prices at Stripe, and store their ids.

    Each is found by a name of ours, so a push that broke off is finished by the next one.

    Args:
        gateway: where Stripe is reached; no transaction may be open.
        actor: who does it, for the audit log.

    Raises:
        GatewayUnavailable: Stripe is away; what was pushed before that is stored.
        StripeRefused: Stripe does not take a product or price.
    """
    pushed: list[PushedPrice] = []
    for tier in _paid_tiers():
        pushed += _push_tier(tier, gateway, actor)
    for package in _packages():
        pushed.append(_push_package(package, gateway, actor))
    return pushed


def tier_product_id(slug: str) -> str:
    """Return our id of the tier's product, which is Stripe's too."""
    return f"billhook_tier_{slug}"


def package_product_id(slug: str) -> str:
    """Return our id of the package's product, which is Stripe's too."""
    return f"billhook_package_{slug}"


def tier_lookup_key(slug: str, version: int, interval: Interval) -> str:
    """Return our name of a tier's price at Stripe."""
    return f"billhook:{slug}:v{version}:{interval}"


def package_lookup_key(slug: str, price: Money) -> str:
    """Return our name of a package's price: it has no versions, the amount tells them apart."""
    return f"billhook:{slug}:{price.currency.lower()}:{price.amount_minor}"


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


def _push_tier(tier: _TierOnSale, gateway: Gateway, actor: Who) -> list[PushedPrice]:
    product_id = gateway.catalog.ensure_product(tier_product_id(tier.slug), name=tier.name)
    month, year = (
        _ensure_price(
            gateway,
            tier_lookup_key(tier.slug, tier.version, interval),
            product_id=product_id,
            money=money,
            interval=interval,
        )
        for interval, money in ((Interval.MONTH, tier.month), (Interval.YEAR, tier.year))
    )
    with transaction() as session:
        row = session.get_one(SubscriptionTier, tier.tier_id)
        terms = session.get_one(TierVersion, tier.version_id)
        before = _ids_of_tier(row, terms)
        row.stripe_product_id = product_id
        terms.stripe_price_month_id = month.stripe_price_id
        terms.stripe_price_year_id = year.stripe_price_id
        _audit(session, ("tier", row.id), before, _ids_of_tier(row, terms), actor=actor)
    return [month, year]


def _push_package(package: _PackageOnSale, gateway: Gateway, actor: Who) -> PushedPrice:
    product_id = gateway.catalog.ensure_product(package_product_id(package.slug), name=package.name)
    money = package.price
    price = _ensure_price(
        gateway,
        package_lookup_key(package.slug, money),
        product_id=product_id,
        money=money,
        interval=None,
    )
    with transaction() as session:
        row = session.get_one(TokenPackage, package.package_id, with_for_update=True)
        # Not when another price was applied while Stripe answered.
        if row.price == money:
            before = _ids_of_package(row)
            row.stripe_product_id = product_id
            row.stripe_price_id = price.stripe_price_id
            _audit(session, ("package", row.id), before, _ids_of_package(row), actor=actor)
    return price


def _ids_of_tier(tier: SubscriptionTier, terms: TierVersion) -> dict[str, str | None]:
    return {
        "stripe_product_id": tier.stripe_product_id,
        "stripe_price_month_id": terms.stripe_price_month_id,
        "stripe_price_year_id": terms.stripe_price_year_id,
    }


def _ids_of_package(package: TokenPackage) -> dict[str, str | None]:
    return {
        "stripe_product_id": package.stripe_product_id,
        "stripe_price_id": package.stripe_price_id,
    }


def _audit(
    session: Session,
    subject: tuple[str, int],
    before: dict[str, str | None],
    after: dict[str, str | None],
    *,
    actor: Who,
) -> None:
    if before != after:
        action = f"catalog.{subject[0]}_pushed"
        audit.record(session, actor, action, subject=subject, before=before, after=after)


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
