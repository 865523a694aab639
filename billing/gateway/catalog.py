"""Products and prices at Stripe. https://docs.stripe.com/api/prices"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from billing.domain.interval import Interval
from billing.domain.money import Money
from billing.errors import StripeObjectNotFound
from billing.gateway.calls import Calls
from billing.gateway.values import StripePrice, StripeProduct

if TYPE_CHECKING:
    from stripe.params import PriceCreateParams


# Stripe takes at most ten keys in one list.
LOOKUP_KEYS_AT_ONCE = 10


class Catalog:
    """What we sell, as Stripe charges for it."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def ensure_product(self, product_id: str, *, name: str) -> str:
        """Create the product, or bring its name up to date.

        Args:
            product_id: our own id for it, which becomes Stripe's: `billhook_tier_pro`.
            name: what people read on the checkout page and the invoice.
        """
        try:
            with self._calls.stripe("products.retrieve") as client:
                product = client.v1.products.retrieve(product_id)
        except StripeObjectNotFound:
            with self._calls.stripe("products.create") as client:
                product = client.v1.products.create(
                    {"id": product_id, "name": name},
                    {"idempotency_key": f"product:{product_id}"},
                )
        if product.name != name or not product.active:
            with self._calls.stripe("products.update") as client:
                client.v1.products.update(product_id, {"name": name, "active": True})
        return product_id

    def ensure_price(
        self,
        lookup_key: str,
        *,
        product_id: str,
        money: Money,
        interval: Interval | None = None,
    ) -> str:
        """Return Stripe's id of the price under the lookup key, and create it when there is none.

        A price never changes at Stripe: where the key stands on another amount, a new price is
        made and takes the key over. One that was archived there is sold again.

        Args:
            lookup_key: our name for the price: `tier:pro:v1:month`.
            product_id: the product that it is a price of.
            money: what one interval, or one purchase, costs.
            interval: how often it is paid; None for a purchase.
        """
        with self._calls.stripe("prices.list") as client:
            found = client.v1.prices.list({"lookup_keys": [lookup_key]}).data
        currency = money.currency.lower()
        if found and (found[0].unit_amount, found[0].currency) == (money.amount_minor, currency):
            if not found[0].active:
                with self._calls.stripe("prices.update") as client:
                    client.v1.prices.update(found[0].id, {"active": True})
            return found[0].id
        params: PriceCreateParams = {
            "product": product_id,
            "currency": currency,
            "unit_amount": money.amount_minor,
            "lookup_key": lookup_key,
            "transfer_lookup_key": True,
        }
        if interval is not None:
            params["recurring"] = {"interval": interval.value}
        key = f"price:{lookup_key}:{money.amount_minor}:{currency}"
        with self._calls.stripe("prices.create") as client:
            price = client.v1.prices.create(params, {"idempotency_key": key})
        return price.id

    def list_products(self, product_ids: Sequence[str]) -> dict[str, StripeProduct]:
        """Read the products that Stripe has of these, by their ids.

        Args:
            product_ids: at most 100.
        """
        with self._calls.stripe("products.list") as client:
            found = client.v1.products.list({"ids": list(product_ids), "limit": 100}).data
        return {product.id: StripeProduct(product.name, product.active) for product in found}

    def list_prices(self, lookup_keys: Sequence[str]) -> dict[str, StripePrice]:
        """Read the prices that Stripe has under these keys, archived ones too, by key.

        Args:
            lookup_keys: any number; ten are asked for at a time.
        """
        prices: dict[str, StripePrice] = {}
        for start in range(0, len(lookup_keys), LOOKUP_KEYS_AT_ONCE):
            keys = list(lookup_keys[start : start + LOOKUP_KEYS_AT_ONCE])
            with self._calls.stripe("prices.list") as client:
                found = client.v1.prices.list({"lookup_keys": keys, "limit": 100}).data
            for price in found:
                money = Money(price.unit_amount or 0, price.currency.upper())
                interval = Interval(price.recurring.interval) if price.recurring else None
                prices[price.lookup_key or ""] = StripePrice(
                    price.id, money, interval, is_active=price.active
                )
        return prices
