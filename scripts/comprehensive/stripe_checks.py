"""Checks of what Stripe has a part in: errors, checkouts, webhooks and reconciliation."""

from __future__ import annotations

import hashlib
import hmac
import json

from flask import current_app
from sqlalchemy import select

from billing import clock
from billing.database import db
from billing.domain.money import Money
from billing.domain.statuses import EventState, OrderState
from billing.errors import GatewayError, GatewayUnavailable, StripeMismatch
from billing.gateway import CheckoutSession, Gateway
from billing.models import Order, User, WebhookEvent
from billing.services import catalog, checkout, orders, reconciliation
from billing.services.choices import Choice
from billing.services.orders import CheckoutReading
from billing.services.reconciliation import Difference
from billing.web import gateway, settings
from scripts.comprehensive.checks import Check, Skipped, expect, refused
from scripts.comprehensive.stock import PACKAGE, RUN, TOKEN_PACKAGE, balance_of, newcomer

# Port 1 is privileged and unused: every call is refused at once.
NOBODY_ANSWERS = "http://127.0.0.1:1"
EVENT = f"evt_{RUN}"
CUSTOMER = f"cus_{RUN}"
PAGES = checkout.ReturnPages(
    success_url="https://check.invalid", cancel_url="https://check.invalid"
)


def _away() -> Gateway:
    return Gateway("sk_test_comprehensive_check", api_base=NOBODY_ANSWERS)


def _stripe_is_away() -> str:
    user = newcomer()
    catalog.get_package(PACKAGE).stripe_price_id = f"price_{RUN}"
    db.session.flush()
    refusal = refused(
        GatewayUnavailable,
        lambda: checkout.start_tokens(user, package_slug=PACKAGE, pages=PAGES, gateway=_away()),
    )
    expect("the status that is answered", refusal.status, 503)
    (order,) = db.session.scalars(select(Order).where(Order.user_id == user.id))
    expect("the order", order.state, OrderState.OPEN)
    expect("the balance", balance_of(user).balance, 0)
    return "Stripe away: 503, the order stays open for the next try, nothing is given"


def _checkout_is_fulfilled_once() -> str:
    user = newcomer()
    order = _order(user)
    wrong = _paid_session(user, order, Money(1, "USD"))
    refused(StripeMismatch, lambda: orders.fulfil(CheckoutReading(wrong, None)))
    expect("the balance after a wrong amount", balance_of(user).balance, 0)
    paid = CheckoutReading(_paid_session(user, order, order.price), None)
    orders.fulfil(paid)
    orders.fulfil(paid)
    given = TOKEN_PACKAGE.tokens + TOKEN_PACKAGE.bonus_tokens
    expect("the order", order.state, OrderState.PAID)
    expect("the balance after two fulfilments", balance_of(user).balance, given)
    return f"a wrong amount gives nothing; the right one {given} tokens, once"


def _order(user: User) -> Order:
    user.stripe_customer_id = CUSTOMER
    choice = Choice.of_package(catalog.get_package(PACKAGE), stripe_price_id=f"price_{RUN}")
    order = choice.order_of(user.id, session_expires_at=clock.now())
    db.session.add(order)
    db.session.flush()
    return order


def _paid_session(user: User, order: Order, amount: Money) -> CheckoutSession:
    return CheckoutSession(
        id=f"cs_{RUN}",
        url=None,
        status="complete",
        payment_status="paid",
        customer_id=CUSTOMER,
        client_reference_id=str(user.id),
        subscription_id=None,
        payment_intent_id=f"pi_{RUN}",
        subtotal=amount,
        total=amount,
        expires_at=clock.now(),
        order_id=order.id,
    )


def _webhooks_are_kept_once() -> str:
    body = json.dumps(_event())
    secret, *_ = settings.current().stripe_webhook_secrets
    expect("a forged signature", _post(body, "whsec_of_somebody_else"), 400)
    expect("rows after it", _inbox(), [])
    expect("a signed event", _post(body, secret), 200)
    expect("the same again", _post(body, secret), 200)
    expect("rows after both", [row.state for row in _inbox()], [EventState.IGNORED])
    return "forged: 400 and nothing kept; signed with the configured secret, twice: one row"


def _event() -> dict[str, object]:
    """Return an event of a type that changes nothing, in the mode of the configured key."""
    return {
        "id": EVENT,
        "object": "event",
        "type": "billhook.comprehensive_check",
        "livemode": gateway.current().is_live,
        "data": {"object": {"id": RUN, "object": "check"}},
    }


def _post(body: str, secret: str) -> int:
    sent_at = int(clock.now().timestamp())
    signed = hmac.new(secret.encode(), f"{sent_at}.{body}".encode(), hashlib.sha256).hexdigest()
    # In the app context that is open here, so in the transaction that will be rolled back.
    response = current_app.test_client().post(
        "/webhooks/stripe",
        base_url=settings.current().base_url,
        data=body,
        content_type="application/json",
        headers={"Stripe-Signature": f"t={sent_at},v1={signed}"},
    )
    return response.status_code


def _inbox() -> list[WebhookEvent]:
    kept = select(WebhookEvent).where(WebhookEvent.stripe_event_id == EVENT)
    return list(db.session.scalars(kept.execution_options(populate_existing=True)))


def _reconciliation_runs() -> str:
    refused(GatewayUnavailable, lambda: _differences(_away()))
    try:
        found = _differences(gateway.current())
    except GatewayError as error:
        raise Skipped(f"Stripe gave no answer ({error.code}): nothing to compare with") from error
    return f"compared with Stripe, changing nothing; differences: {len(found)}"


def _differences(stripe: Gateway) -> list[Difference]:
    return list(reconciliation.reconcile(gateway=stripe, is_dry_run=True))


CHECKS = (
    Check("Stripe error handling", _stripe_is_away),
    Check("Checkout fulfilment", _checkout_is_fulfilled_once),
    Check("Webhooks", _webhooks_are_kept_once),
    Check("Reconcile", _reconciliation_runs, is_undone=False),
)
