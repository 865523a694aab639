"""The subscription of a user: what it is, buying one, changing it, ending it."""

from typing import Annotated

from pydantic import Field

from billing.blueprints.api.documents import SubscriptionDocument, UrlDocument
from billing.blueprints.api.pages import Purchase, return_pages
from billing.domain.interval import Interval
from billing.errors import (
    AccountInactive,
    AlreadySubscribed,
    AmountChanged,
    CardDeclined,
    GatewayError,
    GatewayUnavailable,
    NoSubscription,
    NothingToChange,
    PaymentIncomplete,
    TierNotForSale,
    TierNotFound,
    UserNotFound,
)
from billing.models import User
from billing.services import checkout, plan_changes, provisioning
from billing.web import gateway, settings
from billing.web.api.call import Call
from billing.web.api.declaration import Section
from billing.web.api.documents import ForUser, Slug, UserQuery

section = Section("Subscription")

WHO = (UserNotFound, AccountInactive)
STRIPE = (GatewayError, GatewayUnavailable)
PAYING = (CardDeclined, PaymentIncomplete, AmountChanged)


class TierChoice(ForUser):
    """Which tier, and how often it is paid."""

    tier: Slug
    interval: Annotated[Interval, Field(strict=False)] = Interval.MONTH


class NewSubscriptionCheckout(TierChoice, Purchase):
    """Which tier the user is to buy, and how often it is paid."""


@section.get("/subscription", raises=WHO)
def get_subscription(call: Call, query: UserQuery) -> SubscriptionDocument:  # noqa: ARG001
    """Return what the user is subscribed to."""
    return _document(call, call.load_user())


@section.post(
    "/subscription/checkout",
    status=201,
    raises=(TierNotFound, TierNotForSale, AlreadySubscribed, *WHO, *STRIPE),
)
def start_subscription_checkout(call: Call, body: NewSubscriptionCheckout) -> UrlDocument:
    """Start buying a paid tier; send the person to `url`."""
    url = checkout.start_subscription(
        call.load_user(),
        tier_slug=body.tier,
        interval=body.interval,
        person_key=settings.current().person_key,
        pages=return_pages(body, tier=body.tier, interval=body.interval),
        gateway=gateway.current(),
    )
    return UrlDocument(url=url)


@section.post(
    "/subscription/change",
    raises=(TierNotFound, TierNotForSale, NoSubscription, NothingToChange, *PAYING, *WHO, *STRIPE),
)
def change_subscription(call: Call, body: TierChoice) -> SubscriptionDocument:
    """Change the paid tier or its interval.

    An upgrade is charged and made at once; everything else waits for the end of the period, and
    stands in `scheduled_change` until then.
    """
    user = call.load_user()
    tier_slug, interval, stripe = body.tier, body.interval, gateway.current()
    seen = plan_changes.preview(user, tier_slug=tier_slug, interval=interval, gateway=stripe)
    plan_changes.confirm(
        user,
        tier_slug=tier_slug,
        interval=interval,
        proration_at=seen.proration_at,
        due_now_minor=seen.due_now.amount_minor,
        gateway=stripe,
    )
    return _document(call, user)


@section.post("/subscription/cancel", raises=(NoSubscription, *WHO, *STRIPE))
def cancel_subscription(call: Call, body: ForUser) -> SubscriptionDocument:  # noqa: ARG001
    """End the paid tier with the period that is paid; tokens stay."""
    user = call.load_user()
    plan_changes.cancel(user, gateway=gateway.current())
    return _document(call, user)


@section.post("/subscription/resume", raises=(NoSubscription, *WHO, *STRIPE))
def resume_subscription(call: Call, body: ForUser) -> SubscriptionDocument:  # noqa: ARG001
    """Undo a cancellation that has not taken effect yet."""
    user = call.load_user()
    plan_changes.resume(user, gateway=gateway.current())
    return _document(call, user)


def _document(call: Call, user: User) -> SubscriptionDocument:
    provisioning.ensure(user)
    return SubscriptionDocument.of(user.subscription, user=call.user_reference)
