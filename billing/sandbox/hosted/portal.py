"""The hosted portal of one customer: invoices, cancel and keep, another card."""

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from billing.sandbox.api import engine
from billing.sandbox.cards import LISTED, find_card
from billing.sandbox.contract import Json
from billing.sandbox.ending import KEPT, end_later, period_end
from billing.sandbox.errors import ApiError
from billing.sandbox.hosted.pages import account_of_object, every, may_lead_to, page_blueprint
from billing.sandbox.payments import Payer, create_method
from billing.sandbox.subscribing import UPDATED
from billing.sandbox.unit import Unit

bp = page_blueprint("portal", "/p/session")
PORTAL = "billing_portal.session"
LIVING_SECONDS = 3600
SAVED_CARDS = tuple(card for card in LISTED if not card.decline and not card.pays_later)


@bp.get("/<session_id>")
def show(session_id: str) -> str:
    with engine().view(account_of_object(PORTAL, session_id)) as unit:
        session = _open(unit, session_id)
        customer = unit.get("customer", session["customer"])
        subscriptions = unit.objects.all("subscription", customer=customer["id"])[::-1]
        may_lead_to(session["return_url"], _completion_url(session))
        return render_template(
            "sandbox/portal.html",
            app_name=engine().settings.app_name,
            cards=SAVED_CARDS,
            customer=customer,
            invoices=unit.objects.all("invoice", customer=customer["id"])[::-1],
            session=session,
            subscriptions=[_shown(unit, found) for found in subscriptions],
        )


@bp.post("/<session_id>/subscriptions/<subscription_id>")
def change(session_id: str, subscription_id: str) -> Response:
    """Cancel at the period's end or keep: Stripe's portal sets `cancel_at`, not the flag."""
    with engine().unit(account_of_object(PORTAL, session_id)) as unit:
        subscription = _own(unit, session_id, subscription_id)
        details = subscription["cancellation_details"]
        if request.form.get("action") == "cancel":
            reason = {"cancellation_details": details | {"reason": "cancellation_requested"}}
            changes = end_later(unit, subscription, period_end(subscription), reason)
        else:
            changes = KEPT | {"cancellation_details": details | {"reason": None}}
        unit.change(subscription, changes, UPDATED)
        session = _open(unit, session_id)
    return _done(session)


@bp.post("/<session_id>/card")
def change_card(session_id: str) -> Response:
    """Another card, for the customer and for every living subscription."""
    card = find_card(request.form.get("card", ""))
    if card not in SAVED_CARDS:
        raise ApiError("Use one of the test cards.")
    with engine().unit(account_of_object(PORTAL, session_id)) as unit:
        session = _open(unit, session_id)
        customer = unit.get("customer", session["customer"])
        payer = Payer(email=customer["email"], name=customer["name"])
        method = create_method(unit, card, payer, customer["id"])
        unit.emit("payment_method.attached", method)
        settings = customer["invoice_settings"] | {"default_payment_method": method["id"]}
        unit.change(customer, {"invoice_settings": settings}, "customer.updated")
        for subscription in unit.objects.all("subscription", customer=customer["id"]):
            if subscription["status"] != "canceled":
                unit.change(subscription, {"default_payment_method": method["id"]}, UPDATED)
    return _done(session)


def _done(session: Json) -> Response:
    """Back to the portal, or to where a deep link wanted to end."""
    portal = url_for("portal.show", session_id=session["id"])
    return redirect(_completion_url(session) or portal, 303)


def _completion_url(session: Json) -> str | None:
    completion = (session["flow"] or {}).get("after_completion", {})
    url: str | None = (completion.get("redirect") or {}).get("return_url")
    return url


def _open(unit: Unit, session_id: str) -> Json:
    session = unit.get(PORTAL, session_id)
    if session["created"] + LIVING_SECONDS < unit.now:
        raise ApiError("This link to the portal is over. Open the portal again.", status=410)
    return session


def _own(unit: Unit, session_id: str, subscription_id: str) -> Json:
    subscription = unit.get("subscription", subscription_id)
    if subscription["customer"] != _open(unit, session_id)["customer"]:
        raise ApiError(f"No such subscription: '{subscription_id}'", status=404)
    if subscription["status"] == "canceled":
        raise ApiError("This subscription has ended.")
    return subscription


def _shown(unit: Unit, subscription: Json) -> Json:
    item = subscription["items"]["data"][0]
    method = unit.objects.find(subscription["default_payment_method"] or "")
    return {
        "body": subscription,
        "card": method and method.get("card"),
        "ends_at": subscription["cancel_at"],
        "every": every(item["price"]["recurring"]),
        "name": unit.get("product", item["price"]["product"])["name"],
        "price": item["price"],
        "renews_at": period_end(subscription),
    }
