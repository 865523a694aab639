"""The gateway as services see it: one attribute for each kind of thing at Stripe."""

from collections.abc import Callable

from billing.gateway.calls import Calls
from billing.gateway.catalog import Catalog
from billing.gateway.charges import Charges
from billing.gateway.checkout import Checkout
from billing.gateway.customers import Customers
from billing.gateway.disputes import Disputes
from billing.gateway.events import Events
from billing.gateway.invoices import Invoices
from billing.gateway.refunds import Refunds
from billing.gateway.schedules import Schedules
from billing.gateway.subscriptions import Subscriptions


class Gateway:
    """Stripe, or whatever speaks its API at `api_base`."""

    def __init__(
        self,
        secret_key: str,
        *,
        api_base: str | None = None,
        collects_tax: bool = False,
        in_transaction: Callable[[], bool] = lambda: False,
    ) -> None:
        """Build it; nothing is sent yet.

        Args:
            secret_key, api_base, in_transaction: as for `Calls`.
            collects_tax: whether Stripe reckons the tax of each checkout.
        """
        self.is_live = secret_key.startswith(("sk_live_", "rk_live_"))
        calls = Calls(secret_key, api_base=api_base, in_transaction=in_transaction)
        self.catalog = Catalog(calls)
        self.charges = Charges(calls)
        self.checkout = Checkout(calls, collects_tax=collects_tax)
        self.customers = Customers(calls)
        self.disputes = Disputes(calls)
        self.events = Events(calls)
        self.invoices = Invoices(calls)
        self.refunds = Refunds(calls)
        self.schedules = Schedules(calls)
        self.subscriptions = Subscriptions(calls)
