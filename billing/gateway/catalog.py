"""Products and prices at Stripe. https://docs.stripe.com/api/prices"""

from typing import TYPE_CHECKING

from billing.domain.interval import Interval
from billing.domain.money import Money
from billing.errors import StripeObjectNotFound
from billing.gateway.calls import Calls

if TYPE_CHECKING:
    from stripe.params import PriceCreateParams


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
        made and takes the key over.

        Args:
            lookup_key: our name for the price: `tier:pro:v1:month`.
            product_id: the product that it is a price of.
            money: what one interval, or one purchase, costs.
            interval: how often it is paid; None for a purchase.
        """
        with self._calls.stripe("prices.list") as client:
            found = client.v1.prices.list({"lookup_keys": [lookup_key], "active": True}).data
        currency = money.currency.lower()
        if found and (found[0].unit_amount, found[0].currency) == (money.amount_minor, currency):
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
