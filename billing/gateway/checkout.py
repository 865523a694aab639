"""Checkout sessions. https://docs.stripe.com/api/checkout/sessions"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from stripe.checkout import Session

from billing.gateway.calls import Calls
from billing.gateway.reading import id_of, minor_units, moment
from billing.gateway.values import CheckoutSession

if TYPE_CHECKING:
    from stripe.params.checkout import SessionCreateParams, SessionListParams


@dataclass(frozen=True, slots=True)
class SessionRequest:
    """What a session is made from; all of it stands in the order's row, so a retry is the same."""

    order_id: int
    key: str
    user_id: int
    customer_id: str
    price_id: str
    is_subscription: bool
    trial_days: int
    expires_at: datetime
    success_url: str
    cancel_url: str


class Checkout:
    """Stripe's hosted payment page."""

    def __init__(self, calls: Calls, *, collects_tax: bool) -> None:
        self._calls = calls
        self._collects_tax = collects_tax

    def create(self, request: SessionRequest) -> CheckoutSession:
        """Create the session of an order, or get the one that an earlier try made."""
        with self._calls.stripe("checkout.sessions.create") as client:
            session = client.v1.checkout.sessions.create(
                _params(request, collects_tax=self._collects_tax), {"idempotency_key": request.key}
            )
        return _read(session)

    def retrieve(self, session_id: str) -> CheckoutSession:
        """Read the session as it is now.

        Raises:
            StripeObjectNotFound: there is no session with this id.
        """
        with self._calls.stripe("checkout.sessions.retrieve") as client:
            return _read(client.v1.checkout.sessions.retrieve(session_id))

    def list_since(self, since: datetime) -> Iterator[CheckoutSession]:
        """Read the sessions that were made since then, newest first, a page at a time.

        Args:
            since: aware UTC.
        """
        params: SessionListParams = {"created": {"gte": int(since.timestamp())}, "limit": 100}
        with self._calls.stripe("checkout.sessions.list") as client:
            page = client.v1.checkout.sessions.list(params)
            for session in page.auto_paging_iter():
                yield _read(session)

    def expire(self, session_id: str) -> None:
        """Close an open session, so that nobody can pay on it any more.

        Raises:
            StripeRefused: the session is not open.
        """
        with self._calls.stripe("checkout.sessions.expire") as client:
            client.v1.checkout.sessions.expire(session_id)


def _params(request: SessionRequest, *, collects_tax: bool) -> "SessionCreateParams":
    owner = {"order_id": str(request.order_id), "user_id": str(request.user_id)}
    params: SessionCreateParams = {
        "mode": "subscription" if request.is_subscription else "payment",
        "customer": request.customer_id,
        "client_reference_id": str(request.user_id),
        "line_items": [{"price": request.price_id, "quantity": 1}],
        "success_url": request.success_url,
        "cancel_url": request.cancel_url,
        "expires_at": int(request.expires_at.timestamp()),
        "metadata": owner,
        "allow_promotion_codes": True,
    }
    if collects_tax:
        # Stripe needs an address for it, and keeps the one that the person gives.
        params["automatic_tax"] = {"enabled": True}
        params["customer_update"] = {"address": "auto"}
    if request.is_subscription:
        params["subscription_data"] = {"metadata": owner}
        if request.trial_days:
            params["subscription_data"]["trial_period_days"] = request.trial_days
    else:
        params["payment_intent_data"] = {"metadata": owner}
    return params


def _read(session: Session) -> CheckoutSession:
    metadata = session.metadata.to_dict() if session.metadata else {}
    order_id = metadata.get("order_id", "")
    currency = session.currency or "usd"
    return CheckoutSession(
        id=session.id,
        url=session.url,
        status=session.status or "open",
        payment_status=session.payment_status,
        customer_id=id_of(session.customer),
        client_reference_id=session.client_reference_id,
        subscription_id=id_of(session.subscription),
        payment_intent_id=id_of(session.payment_intent),
        subtotal=minor_units(session.amount_subtotal or 0, currency),
        total=minor_units(session.amount_total or 0, currency),
        expires_at=moment(session.expires_at),
        success_url=session.success_url,
        cancel_url=session.cancel_url,
        order_id=int(order_id) if order_id.isdecimal() else None,
    )
