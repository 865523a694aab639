"""Where Stripe sends a person whose checkout was started through the API: to our own pages."""

from billing.services.checkout import ReturnPages
from billing.web.links import external_url


def return_pages(**choice: str) -> ReturnPages:
    """Return the return pages; the choice comes back where the person gives up."""
    # url_for would escape the braces that Stripe looks for.
    success_url = external_url("checkout.success") + "?session_id={CHECKOUT_SESSION_ID}"
    return ReturnPages(success_url, external_url("checkout.cancel", **choice))
