"""The catalog here beside the catalog at Stripe: what was pushed, what was not, what differs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from billing.domain.interval import Interval
from billing.domain.money import Money
from billing.gateway import Gateway, StripePrice, StripeProduct
from billing.messages import Message
from billing.models import SubscriptionTier, TokenPackage
from billing.observability.timing import log_service_operation
from billing.services.catalog_push import (
    package_lookup_key,
    package_product_id,
    tier_lookup_key,
    tier_product_id,
)


class SyncState(StrEnum):
    """How Stripe's side of a tier or package stands."""

    FREE = "free"
    NOT_PUSHED = "not_pushed"
    DIFFERS = "differs"
    PUSHED = "pushed"


@dataclass(frozen=True, slots=True)
class Sync:
    """How Stripe's side stands, and each thing that differs there."""

    state: SyncState
    differences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Expected:
    """A price that Stripe should have: under which key, the id that we stored, and its terms."""

    lookup_key: str
    stored_id: str | None
    money: Money
    interval: Interval | None


@log_service_operation
def compare_tiers(tiers: Sequence[SubscriptionTier], gateway: Gateway) -> dict[str, Sync]:
    """Return how the newest version of each tier stands at Stripe, by slug.

    Args:
        tiers: any, with their versions.
        gateway: where Stripe is reached; no transaction may be open.

    Raises:
        GatewayUnavailable: Stripe did not answer.
    """
    paid = [tier for tier in tiers if not tier.current_version.is_free]
    expected = {tier.slug: _prices_of(tier) for tier in paid}
    at_stripe = _Stripe.read([tier_product_id(tier.slug) for tier in paid], expected, gateway)
    return {tier.slug: Sync(SyncState.FREE) for tier in tiers} | {
        tier.slug: at_stripe.sync(tier_product_id(tier.slug), tier.name, expected[tier.slug])
        for tier in paid
    }


@log_service_operation
def compare_packages(packages: Sequence[TokenPackage], gateway: Gateway) -> dict[str, Sync]:
    """Return how each token package stands at Stripe, by slug.

    Args:
        packages: any.
        gateway: where Stripe is reached; no transaction may be open.

    Raises:
        GatewayUnavailable: Stripe did not answer.
    """
    expected = {
        package.slug: [
            _Expected(
                package_lookup_key(package.slug, package.price),
                package.stripe_price_id,
                package.price,
                None,
            )
        ]
        for package in packages
    }
    ids = [package_product_id(package.slug) for package in packages]
    at_stripe = _Stripe.read(ids, expected, gateway)
    return {
        package.slug: at_stripe.sync(
            package_product_id(package.slug), package.name, expected[package.slug]
        )
        for package in packages
    }


def _prices_of(tier: SubscriptionTier) -> list[_Expected]:
    terms = tier.current_version
    return [
        _Expected(
            tier_lookup_key(tier.slug, terms.version, interval),
            terms.stripe_price_id(interval),
            terms.price(interval),
            interval,
        )
        for interval in Interval
    ]


@dataclass(frozen=True, slots=True)
class _Stripe:
    """What Stripe has under our names."""

    products: Mapping[str, StripeProduct]
    prices: Mapping[str, StripePrice]

    @classmethod
    def read(
        cls, ids: Sequence[str], expected: Mapping[str, Sequence[_Expected]], gateway: Gateway
    ) -> "_Stripe":
        """Read the products with these ids, and the prices that are expected."""
        if not ids:
            return cls({}, {})
        keys = [price.lookup_key for prices in expected.values() for price in prices]
        return cls(gateway.catalog.list_products(ids), gateway.catalog.list_prices(keys))

    def sync(self, product_id: str, name: str, expected: Sequence[_Expected]) -> Sync:
        """Return how the product and its prices stand."""
        if any(price.stored_id is None for price in expected):
            return Sync(SyncState.NOT_PUSHED)
        differences = (*self._about_product(product_id, name), *self._about_prices(expected))
        return Sync(SyncState.DIFFERS if differences else SyncState.PUSHED, differences)

    def _about_product(self, product_id: str, name: str) -> Iterator[str]:
        product = self.products.get(product_id)
        if product is None:
            yield Message("Stripe does not have the product.")
        elif product.name != name:
            yield Message("Stripe calls it %(name)s.", name=product.name)
        if product is not None and not product.is_active:
            yield Message("The product is archived at Stripe.")

    def _about_prices(self, expected: Sequence[_Expected]) -> Iterator[str]:
        for wanted in expected:
            price = self.prices.get(wanted.lookup_key)
            if price is None or price.id != wanted.stored_id:
                yield Message("Stripe does not have the price %(id)s.", id=wanted.stored_id)
            elif (price.money, price.interval) != (wanted.money, wanted.interval):
                yield Message(
                    "The price %(id)s is %(amount)s %(currency)s at Stripe.",
                    id=price.id,
                    amount=str(price.money.amount),
                    currency=price.money.currency,
                )
            elif not price.is_active:
                yield Message("The price %(id)s is archived at Stripe.", id=price.id)
