"""Where a thing of Stripe's is to be seen: in the dashboard, or at the local sandbox."""

from billing.web import settings

DASHBOARD = "https://dashboard.stripe.com"
FOLDERS = {
    "cus": "customers",
    "sub": "subscriptions",
    "in": "invoices",
    "pi": "payments",
    "re": "refunds",
    "evt": "events",
    "prod": "products",
    "price": "prices",
}


def stripe_url(stripe_id: str) -> str:
    """Return the address at which a person looks at the thing.

    Args:
        stripe_id: such as `cus_…`; the sandbox shows all of an account on one page.
    """
    current = settings.current()
    if current.stripe_api_base:
        return f"{current.stripe_api_base}/"
    is_live = "_live_" in current.stripe_secret_key
    folder = FOLDERS[stripe_id.partition("_")[0]]
    return f"{DASHBOARD}{'' if is_live else '/test'}/{folder}/{stripe_id}"
