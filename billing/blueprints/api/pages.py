"""Where Stripe sends a person whose checkout was started through the API."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from billing.services.checkout import ReturnPages
from billing.web.api.documents import ForUser, Text
from billing.web.links import external_url


def _web_address(text: str) -> str:
    # What urlsplit cannot split, such as `https://[`, is a ValueError of its own.
    if not urlsplit(text).hostname or " " in text:
        raise ValueError("must be a whole address, such as https://product.example/thanks")
    return text


WebAddress = Annotated[
    Text, Field(pattern="^https?://", max_length=2000), AfterValidator(_web_address)
]


class Purchase(ForUser):
    """Who buys, and where the payment page sends them afterwards: Billhook's own pages if left out.

    Stripe puts the session's id for `{CHECKOUT_SESSION_ID}`.
    """

    success_url: WebAddress | None = Field(None, description="Where the person goes who has paid.")
    cancel_url: WebAddress | None = Field(None, description="Where the person goes who gives up.")


def return_pages(purchase: Purchase, **choice: str) -> ReturnPages:
    """Return the return pages; on our own the choice comes back where the person gives up."""
    # url_for would escape the braces that Stripe looks for.
    ours = external_url("checkout.success") + "?session_id={CHECKOUT_SESSION_ID}"
    return ReturnPages(
        purchase.success_url or ours,
        purchase.cancel_url or external_url("checkout.cancel", **choice),
    )
