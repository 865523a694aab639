"""The hosted portal of one customer: card, plan, cancel and keep, invoices, and its deep links."""

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from billing.sandbox import clocks, portal_changes, saving
from billing.sandbox.api import engine
from billing.sandbox.cards import LISTED, find_card
from billing.sandbox.contract import Json
from billing.sandbox.ending import ENDED, period_end
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
def show(session_id: str) -> str | Response:
    """What the link was made for: one task, or the whole portal."""
    with engine().view(account_of_object(PORTAL, session_id)) as unit:
        session = _open(unit, session_id)
        flow = session["flow"] or {"type": "portal"}
        kind = flow["type"]
        if kind in ("portal", "customer_update"):
            return _home(unit, session)
        if kind == "payment_method_update":
            return _render(session, "portal_card.html", cards=SAVED_CARDS)
        task = flow[kind]
    path = {"session_id": session_id, "subscription_id": task["subscription"]}
    if kind == "subscription_cancel":
        return redirect(url_for("portal.ask_cancel", **path), 303)
    if kind == "subscription_update":
        return redirect(url_for("portal.plans", **path), 303)
    price_id = task["items"][0].get("price", "")
    return redirect(url_for("portal.confirm", **path, price_id=price_id), 303)


@bp.get("/<session_id>/home")
def home(session_id: str) -> str:
    with engine().view(account_of_object(PORTAL, session_id)) as unit:
        return _home(unit, _open(unit, session_id))


@bp.get("/<session_id>/done")
def done(session_id: str) -> str:
    """The confirmation that a deep link asked for."""
    with engine().view(account_of_object(PORTAL, session_id)) as unit:
        session = _open(unit, session_id)
        confirmation = (
            (session["flow"] or {}).get("after_completion", {}).get("hosted_confirmation")
        )
        message = (confirmation or {}).get("custom_message")
        return _render(session, "portal_done.html", message=message)


@bp.get("/<session_id>/subscriptions/<subscription_id>/cancel")
def ask_cancel(session_id: str, subscription_id: str) -> str:
    with engine().view(account_of_object(PORTAL, session_id)) as unit:
        session = _open(unit, session_id)
        rules = _features(unit, session, "subscription_cancel")["subscription_cancel"]
        subscription = _own(unit, session, subscription_id)
        shown = _shown(unit, session, subscription)
        return _render(session, "portal_cancel.html", found=shown, rules=rules)


@bp.get("/<session_id>/subscriptions/<subscription_id>/plans")
def plans(session_id: str, subscription_id: str) -> str:
    """The prices that the configuration offers."""
    with engine().view(account_of_object(PORTAL, session_id)) as unit:
        session = _open(unit, session_id)
        features = _features(unit, session, "subscription_update")
        subscription = _own(unit, session, subscription_id)
        offers = [
            _told(unit, price) for price in portal_changes.offered(unit, features, subscription)
        ]
        shown = _shown(unit, session, subscription)
        return _render(session, "portal_plans.html", found=shown, offers=offers)


@bp.get("/<session_id>/subscriptions/<subscription_id>/confirm")
def confirm(session_id: str, subscription_id: str) -> str:
    """What the chosen price costs, and when it starts."""
    with engine().view(account_of_object(PORTAL, session_id)) as unit:
        session = _open(unit, session_id)
        subscription = _own(unit, session, subscription_id)
        return _confirmation(unit, session, subscription, request.args.get("price_id", ""))


@bp.post("/<session_id>/subscriptions/<subscription_id>")
def change(session_id: str, subscription_id: str) -> Response | tuple[str, int]:
    """Cancel, keep, or switch to another price."""
    account, action = account_of_object(PORTAL, session_id), request.form.get("action")
    price_id = request.form.get("price_id", "")
    try:
        with engine().unit(account) as unit:
            session = _open(unit, session_id)
            subscription = _own(unit, session, subscription_id)
            if action == "cancel":
                features = _features(unit, session, "subscription_cancel")
                feedback = request.form.get("feedback") or None
                portal_changes.cancel(unit, features, subscription, feedback)
            elif action == "keep":
                _features(unit, session, "subscription_cancel")
                portal_changes.keep(unit, subscription)
            else:
                features = _features(unit, session, "subscription_update")
                price = unit.get("price", price_id)
                portal_changes.switch(unit, features, subscription, price)
    except ApiError as refusal:
        if refusal.kind != "card_error":
            raise
        with engine().view(account) as unit:
            error = f"The plan was not changed. {refusal.message}"
            session = _open(unit, session_id)
            subscription = _own(unit, session, subscription_id)
            return _confirmation(unit, session, subscription, price_id, error=error), 422
    return _done(session)


@bp.post("/<session_id>/card")
def change_card(session_id: str) -> Response:
    """Another card, for the customer and for every living subscription."""
    card = find_card(request.form.get("card", ""))
    if card not in SAVED_CARDS:
        raise ApiError("Use one of the test cards.")
    with engine().unit(account_of_object(PORTAL, session_id)) as unit:
        session = _open(unit, session_id)
        _features(unit, session, "payment_method_update")
        customer = unit.get("customer", session["customer"])
        payer = Payer(email=customer["email"], name=customer["name"])
        method = create_method(unit, card, payer, customer["id"])
        unit.emit("payment_method.attached", method)
        saving.make_default(unit, customer, method["id"])
        for subscription in unit.objects.all("subscription", customer=customer["id"]):
            if subscription["status"] not in ENDED:
                unit.change(subscription, {"default_payment_method": method["id"]}, UPDATED)
    return _done(session)


@bp.post("/<session_id>/customer")
def change_customer(session_id: str) -> Response:
    """Another name or e-mail address for invoices."""
    with engine().unit(account_of_object(PORTAL, session_id)) as unit:
        session = _open(unit, session_id)
        allowed = _features(unit, session, "customer_update")["customer_update"]["allowed_updates"]
        names = [name for name in ("email", "name") if name in allowed and name in request.form]
        changes = {name: request.form[name].strip() or None for name in names}
        if "email" in changes and "@" not in (changes["email"] or ""):
            raise ApiError("Enter an email address, for example mara@example.com.")
        customer = unit.get("customer", session["customer"])
        unit.change(customer, changes, "customer.updated")
    return _done(session)


def _home(unit: Unit, session: Json) -> str:
    customer = unit.get("customer", session["customer"])
    subscriptions = unit.objects.all("subscription", customer=customer["id"])[::-1]
    return _render(
        session,
        "portal.html",
        cards=SAVED_CARDS,
        customer=customer,
        features=_features(unit, session),
        invoices=unit.objects.all("invoice", customer=customer["id"])[::-1],
        subscriptions=[_shown(unit, session, found) for found in subscriptions],
    )


def _confirmation(
    unit: Unit, session: Json, subscription: Json, price_id: str, *, error: str | None = None
) -> str:
    features = _features(unit, session, "subscription_update")
    price = unit.get("price", price_id)
    return _render(
        session,
        "portal_confirm.html",
        due=portal_changes.due_now(unit, features, subscription, price),
        error=error,
        found=_shown(unit, session, subscription),
        is_later=portal_changes.is_later(features, subscription, price),
        offer=_told(unit, price),
    )


def _render(session: Json, template: str, **context: object) -> str:
    may_lead_to(session["return_url"], _completion_url(session))
    app_name = engine().settings.app_name
    return render_template(f"sandbox/{template}", session=session, app_name=app_name, **context)


def _done(session: Json) -> Response:
    """Back to the portal, or to where a deep link wanted to end."""
    completion = (session["flow"] or {}).get("after_completion", {})
    page = "done" if completion.get("type") == "hosted_confirmation" else "home"
    portal = url_for(f"portal.{page}", session_id=session["id"])
    return redirect(_completion_url(session) or portal, 303)


def _completion_url(session: Json) -> str | None:
    completion = (session["flow"] or {}).get("after_completion", {})
    url: str | None = (completion.get("redirect") or {}).get("return_url")
    return url


def _open(unit: Unit, session_id: str) -> Json:
    session = unit.get(PORTAL, session_id)
    clocks.enter(unit, session)
    if session["created"] + LIVING_SECONDS < unit.now:
        raise ApiError("This link to the portal is over. Open the portal again.", status=410)
    return session


def _features(unit: Unit, session: Json, needed: str | None = None) -> Json:
    """What the session's configuration allows; a feature that is `needed` must be on."""
    features: Json = unit.get("billing_portal.configuration", session["configuration"])["features"]
    if needed and not features[needed]["enabled"]:
        raise ApiError("The portal does not offer this.", status=403)
    return features


def _own(unit: Unit, session: Json, subscription_id: str) -> Json:
    subscription = unit.get("subscription", subscription_id)
    if subscription["customer"] != session["customer"]:
        raise ApiError(f"No such subscription: '{subscription_id}'", status=404)
    if subscription["status"] in ENDED:
        raise ApiError("This subscription has ended.")
    return subscription


def _shown(unit: Unit, session: Json, subscription: Json) -> Json:
    features = _features(unit, session)
    price = subscription["items"]["data"][0]["price"]
    method = unit.objects.find(subscription["default_payment_method"] or "")
    is_ending = bool(subscription["cancel_at"] or subscription["cancel_at_period_end"])
    is_living = subscription["status"] not in ENDED
    can_change = is_living and not is_ending and not subscription["schedule"]
    return _told(unit, price) | {
        "body": subscription,
        "can_switch": can_change and bool(portal_changes.offered(unit, features, subscription)),
        "can_cancel": is_living and features["subscription_cancel"]["enabled"],
        "card": method and method.get("card"),
        "ends_at": subscription["cancel_at"],
        "is_ending": is_ending,
        "is_scheduled": subscription["schedule"] is not None,
        "renews_at": period_end(subscription),
    }


def _told(unit: Unit, price: Json) -> Json:
    return {
        "every": every(price["recurring"]),
        "name": unit.get("product", price["product"])["name"],
        "price": price,
    }
