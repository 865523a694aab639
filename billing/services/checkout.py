"""Checkout: from "I want this" to the address of Stripe's payment page.

An order row is made first and holds all that the session is made from, so that a retry after a
crash gets the same session from Stripe. Nothing here takes a price from the browser.
"""

import re
from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlalchemy import select

from billing import clock
from billing.database import db, transaction
from billing.domain.interval import Interval
from billing.domain.persons import person_hash
from billing.domain.statuses import OrderKind, OrderState
from billing.errors import (
    AlreadySubscribed,
    GatewayError,
    GatewayUnavailable,
    OrderNotFound,
    StripeObjectNotFound,
    StripeRefused,
    TierNotForSale,
)
from billing.gateway import CheckoutSession, Gateway
from billing.gateway.checkout import SessionRequest
from billing.messages import Message
from billing.models import Order, User
from billing.observability.timing import log_service_operation
from billing.services import catalog, customers, orders, provisioning
from billing.services.choices import Choice
from billing.services.users import lock_user

log = structlog.get_logger(__name__)

SESSION_ID = re.compile(r"cs_[A-Za-z0-9_]{1,250}")
# Stripe's longest is 24 hours; a margin lets a retry of the same parameters still be valid.
SESSION_LIFETIME = timedelta(hours=23)
REUSABLE_FOR = timedelta(minutes=35)


@dataclass(frozen=True, slots=True)
class ReturnPages:
    """Where Stripe sends the person afterwards.

    `success_url` carries the literal `{CHECKOUT_SESSION_ID}`, which Stripe fills in.
    """

    success_url: str
    cancel_url: str

    def are_of(self, session: CheckoutSession) -> bool:
        """Whether the session leads to them."""
        return (self.success_url, self.cancel_url) == (session.success_url, session.cancel_url)


@log_service_operation
def start_subscription(
    user: User,
    *,
    tier_slug: str,
    interval: Interval,
    pages: ReturnPages,
    person_key: str,
    gateway: Gateway,
) -> str:
    """Start the checkout of a paid tier.

    Args:
        user: who buys.
        tier_slug: the tier, as the pricing page names it.
        interval: how often it is paid.
        pages: where Stripe sends the person afterwards.
        person_key: with what a person who had a trial is recognised again.
        gateway: where Stripe is reached; no transaction may be open.

    Returns:
        The address of Stripe's payment page: the same for two clicks or two tabs.

    Raises:
        TierNotFound: no tier on sale has this slug.
        TierNotForSale: it is free, or not at Stripe yet.
        AlreadySubscribed: the user has a paid tier; that one is changed instead.
        GatewayUnavailable: Stripe did not answer; a retry goes on where this one stopped.
    """
    provisioning.ensure(user)
    version = catalog.get_tier(tier_slug).current_version
    price_id = version.stripe_price_id(interval)
    if version.is_free or price_id is None:
        log.warning("checkout.tier_not_for_sale", user_id=user.id, tier=tier_slug)
        raise TierNotForSale(Message("%(tier)s cannot be bought.", tier=version.tier.name))
    _refuse_second_subscription(user)
    choice = Choice.of_tier(
        version,
        interval,
        stripe_price_id=price_id,
        person_hash=person_hash(user.email, person_key),
    )
    _close_other_subscription_checkouts(user, choice.item, gateway)
    return _start(user, choice, pages, gateway)


@log_service_operation
def start_tokens(user: User, *, package_slug: str, pages: ReturnPages, gateway: Gateway) -> str:
    """Start the checkout of a token package.

    Args:
        user: who buys.
        package_slug: the package, as the pricing page names it.
        pages: where Stripe sends the person afterwards.
        gateway: where Stripe is reached; no transaction may be open.

    Returns:
        The address of Stripe's payment page: the same for two clicks or two tabs.

    Raises:
        PackageNotFound: no package on sale has this slug.
        TierNotForSale: the package is not at Stripe yet.
        GatewayUnavailable: Stripe did not answer; a retry goes on where this one stopped.
    """
    provisioning.ensure(user)
    package = catalog.get_package(package_slug)
    if package.stripe_price_id is None:
        log.warning("checkout.package_not_for_sale", user_id=user.id, package=package_slug)
        raise TierNotForSale(Message("%(package)s cannot be bought yet.", package=package.name))
    choice = Choice.of_package(package, stripe_price_id=package.stripe_price_id)
    return _start(user, choice, pages, gateway)


@log_service_operation
def confirm(user: User, session_id: str, *, gateway: Gateway) -> Order:
    """Bring the order of a checkout session up to date: what the return page does.

    Args:
        user: who came back; only the owner gets an answer.
        session_id: from the address that Stripe sent the person to.
        gateway: where Stripe is reached; no transaction may be open.

    Returns:
        The order; `open` or `processing` while the payment is on its way.

    Raises:
        OrderNotFound: the session is not of an order of this user.
        GatewayUnavailable: Stripe did not answer; the order is as it was.
    """
    if not SESSION_ID.fullmatch(session_id):
        raise OrderNotFound(Message("This checkout is not yours."))
    known = find_order(user, session_id)
    if known is not None and known.state == OrderState.PAID:
        return known
    reading = orders.read(session_id, gateway=gateway)
    if reading.session.client_reference_id != str(user.id):
        raise OrderNotFound(Message("This checkout is not yours."))
    return orders.fulfil(reading)


def find_order(user: User, session_id: str) -> Order | None:
    """Return the user's order of the checkout session, None when there is none.

    Args:
        user: whose order it has to be.
        session_id: Stripe's id of the session.
    """
    owned = (Order.stripe_session_id == session_id) & (Order.user_id == user.id)
    return db.session.scalar(select(Order).where(owned))


def get_order(user: User, session_id: str) -> Order:
    """Return the user's order of the checkout session.

    Raises:
        OrderNotFound: the session is not of an order of this user.
    """
    order = find_order(user, session_id)
    if order is None:
        raise OrderNotFound(Message("This checkout is not yours."))
    return order


def _refuse_second_subscription(user: User) -> None:
    if user.subscription.is_paid:
        raise AlreadySubscribed(
            Message(
                "You are on %(tier)s. Change that plan instead.", tier=user.subscription.tier.name
            ),
            tier=user.subscription.tier.slug,
        )


def _close_other_subscription_checkouts(user: User, item: str, gateway: Gateway) -> None:
    """Close the payment pages of earlier choices, so that one person cannot pay for two tiers."""
    others = db.session.scalars(
        select(Order).where(
            Order.user_id == user.id,
            Order.kind == OrderKind.SUBSCRIPTION,
            Order.state == OrderState.OPEN,
            Order.item != item,
            Order.stripe_session_id.is_not(None),
        )
    )
    for session_id in [order.stripe_session_id for order in others]:
        _close(session_id or "", gateway)
    db.session.refresh(user.subscription)
    _refuse_second_subscription(user)


@log_service_operation
def close_open_pages(user: User, *, gateway: Gateway) -> None:
    """Close every payment page of the user that is still open; what was paid there is fulfilled.

    Args:
        user: who will not pay there any more.
        gateway: where Stripe is reached; no transaction may be open.

    Raises:
        GatewayUnavailable: Stripe did not answer.
    """
    open_pages = db.session.scalars(
        select(Order.stripe_session_id).where(
            Order.user_id == user.id,
            Order.state == OrderState.OPEN,
            Order.stripe_session_id.is_not(None),
        )
    )
    for session_id in open_pages.all():
        _close(session_id or "", gateway)


def _close(session_id: str, gateway: Gateway) -> None:
    reading = orders.read(session_id, gateway=gateway)
    if reading.session.is_open:
        try:
            gateway.checkout.expire(session_id)
        except StripeRefused:
            log.info("checkout.closed_by_itself", session=session_id)
        reading = orders.read(session_id, gateway=gateway)
    orders.fulfil(reading)


def _start(user: User, choice: Choice, pages: ReturnPages, gateway: Gateway) -> str:
    order = _open_order(user, choice)
    if order.stripe_session_id is not None:
        made = gateway.checkout.retrieve(order.stripe_session_id)
        if made.is_open and made.url is not None and pages.are_of(made):
            return made.url
        _close(order.stripe_session_id, gateway)
        db.session.refresh(user.subscription)
        if choice.kind == OrderKind.SUBSCRIPTION:
            _refuse_second_subscription(user)
        order = _open_order(user, choice)
    request = _request(user, order, choice, pages=pages, gateway=gateway)
    try:
        session = _create_session(request, gateway)
    except StripeObjectNotFound as error:
        if not customers.retire_if_deleted(request.customer_id, gateway=gateway):
            raise StripeRefused(error.detail) from error
        return _start(user, choice, pages, gateway)
    if session.url is None:
        raise GatewayError(
            Message("This checkout has ended meanwhile. Nothing was charged. Try again.")
        )
    log.info("checkout.started", user_id=user.id, order_id=order.id, item=choice.item)
    return session.url


def _open_order(user: User, choice: Choice) -> Order:
    """Find the open order of the choice or make one; terms that moved on make a new one."""
    with transaction() as session:
        lock_user(session, user.id)
        order = session.scalar(
            select(Order).where(
                Order.user_id == user.id,
                Order.item == choice.item,
                Order.state == OrderState.OPEN,
            )
        )
        if order is not None and _is_reusable(order, choice):
            return order
        if order is not None:
            order.state = OrderState.EXPIRED
            session.flush()
        order = choice.order_of(user.id, session_expires_at=clock.now() + SESSION_LIFETIME)
        session.add(order)
        session.flush()
    return order


def _is_reusable(order: Order, choice: Choice) -> bool:
    expires_at = order.stripe_session_expires_at
    is_fresh = expires_at is not None and expires_at - clock.now() > REUSABLE_FOR
    return choice.is_what(order) and is_fresh


def _request(
    user: User, order: Order, choice: Choice, *, pages: ReturnPages, gateway: Gateway
) -> SessionRequest:
    return SessionRequest(
        order_id=order.id,
        key=order.stripe_key,
        user_id=order.user_id,
        customer_id=customers.ensure(user, gateway=gateway),
        price_id=choice.stripe_price_id,
        is_subscription=choice.kind == OrderKind.SUBSCRIPTION,
        trial_days=choice.trial_days,
        expires_at=order.stripe_session_expires_at or clock.now() + SESSION_LIFETIME,
        success_url=pages.success_url,
        cancel_url=pages.cancel_url,
    )


def _create_session(request: SessionRequest, gateway: Gateway) -> CheckoutSession:
    try:
        session = gateway.checkout.create(request)
    except GatewayUnavailable:
        raise
    except (GatewayError, StripeObjectNotFound):
        # Stripe answers the same key with the same error for a day: the next try needs a new one.
        _mark_failed(request.order_id)
        raise
    with transaction() as tx:
        lock_user(tx, request.user_id)
        stored = tx.get_one(Order, request.order_id)
        stored.stripe_session_id = session.id
        stored.stripe_session_url = session.url
    return session


def _mark_failed(order_id: int) -> None:
    with transaction() as session:
        session.get_one(Order, order_id).state = OrderState.FAILED
