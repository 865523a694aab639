"""The hosted checkout page: /c/pay/<session id>."""

from typing import Any

from flask import Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from billing.sandbox import paying, periods, session_terms
from billing.sandbox.api import engine
from billing.sandbox.cards import LISTED, TestCard, find_card
from billing.sandbox.contract import Json
from billing.sandbox.hosted.card_form import CardForm, Options
from billing.sandbox.hosted.pages import (
    account_of_object,
    discount_terms,
    every,
    may_lead_to,
    page_blueprint,
)
from billing.sandbox.ids import token
from billing.sandbox.payments import Payer
from billing.sandbox.purchase import Attempt, Result
from billing.sandbox.subscribing import trial_end_of
from billing.sandbox.unit import Unit

bp = page_blueprint("checkout", "/c/pay")
DELIVERY_SECONDS = 10
COUNTRIES = (("DE", "Germany"), ("FR", "France"), ("GB", "United Kingdom"), ("US", "United States"))
STALE = "This form was sent before, or the page was open too long. Check it and pay again."


@bp.get("/<session_id>")
def show(session_id: str) -> AnyResponse:
    account = account_of_object("checkout.session", session_id)
    with engine().view(account) as unit:
        session = unit.get("checkout.session", session_id)
        if session["status"] != "open":
            return _closed(session)
        return _page(unit, session, CardForm.first(session))


@bp.post("/<session_id>")
def pay(session_id: str) -> AnyResponse:
    account = account_of_object("checkout.session", session_id)
    options = Options.read(request.form)
    with engine().unit(account, plan=options.plan) as unit:
        session = unit.get("checkout.session", session_id)
        form = CardForm.read(request.form, session)
        if session["status"] != "open":
            return _after(session) if session["status"] == "complete" else _closed(session)
        attempt = _attempt_once(unit, session, form, options)
        if attempt is None or attempt.result == Result.DECLINED:
            if attempt and attempt.decline:
                form.decline(attempt.decline)
            return _page(unit, unit.get("checkout.session", session_id), form, status=422)
        events = unit.events
    return _answer(account, session_id, attempt, events if options.waits_for_webhooks else [])


@bp.post("/<session_id>/terms")
def change_terms(session_id: str) -> AnyResponse:
    """Redeem or give back a promotion code; choose the country that automatic tax goes by."""
    with engine().unit(account_of_object("checkout.session", session_id)) as unit:
        session = unit.get("checkout.session", session_id)
        if session["status"] != "open":
            return _closed(session)
        form = CardForm.first(session)
        code, country = request.form.get("promotion", "").strip(), request.form.get("country")
        action = request.form.get("action")
        if action == "country" and country in dict(COUNTRIES):
            session_terms.choose_country(unit, session, country)
        elif action == "remove" and session["allow_promotion_codes"]:
            session_terms.change(unit, session, [])
        elif refusal := session_terms.apply_code(unit, session, code):
            form.promotion = code
            form.errors["promotion"] = refusal
            return _page(unit, session, form, status=422)
    return redirect(url_for("checkout.show", session_id=session_id), 303)


@bp.get("/<session_id>/authenticate")
def ask(session_id: str) -> AnyResponse:
    """The bank's question."""
    account = account_of_object("checkout.session", session_id)
    with engine().view(account) as unit:
        session = unit.get("checkout.session", session_id)
        pending = unit.objects.private(session_id).get("pending")
    if session["status"] != "open" or not pending:
        return redirect(url_for("checkout.show", session_id=session_id), 303)
    may_lead_to(session["success_url"], session["cancel_url"])
    return make_response(_render("authenticate.html", session))


@bp.post("/<session_id>/authenticate")
def answer(session_id: str) -> AnyResponse:
    account = account_of_object("checkout.session", session_id)
    with engine().view(account) as unit:
        pending = unit.objects.private(session_id).get("pending") or {}
    options = Options(**pending.get("options", {}))
    with engine().unit(account, plan=options.plan) as unit:
        session = unit.get("checkout.session", session_id)
        private = unit.objects.private(session_id)
        if session["status"] == "complete":
            return _after(session)
        pending = private.pop("pending", None)
        if session["status"] != "open" or not pending:
            return redirect(url_for("checkout.show", session_id=session_id), 303)
        unit.objects.set_private(session_id, private)
        card, payer = _kept(pending)
        approved = request.form.get("answer") == "approve"
        attempt = paying.authenticate(unit, session, card, payer, approved=approved)
        if attempt.result == Result.DECLINED and attempt.decline:
            form = CardForm.first(session).with_card(card, payer)
            form.decline(attempt.decline)
            return _page(unit, unit.get("checkout.session", session_id), form, status=422)
        events = unit.events
    return _answer(account, session_id, attempt, events if options.waits_for_webhooks else [])


def _attempt_once(unit: Unit, session: Json, form: CardForm, options: Options) -> Attempt | None:
    """Try to pay unless the form is faulty or was sent before; each form pays at most once."""
    private = unit.objects.private(session["id"])
    if form.nonce != private["nonce"]:
        form.errors["form"] = STALE
    card = form.checked_card()
    if form.errors or card is None:
        return None
    private["nonce"] = token(24)
    unit.objects.set_private(session["id"], private)
    attempt = paying.attempt(unit, session, card, form.payer)
    private = unit.objects.private(session["id"])
    if attempt.result == Result.NEEDS_AUTHENTICATION:
        private["pending"] = {
            "card": card.number,
            "payer": vars(form.payer) | {"expiry": list(form.payer.expiry)},
            "options": vars(options),
        }
        unit.objects.set_private(session["id"], private)
    elif attempt.result == Result.PROCESSING and options.settles_after is not None:
        action = "settle_payment" if options.settles_well else "fail_payment"
        unit.schedule(action, session["id"], unit.now + options.settles_after)
    return attempt


def _kept(pending: Json) -> tuple[TestCard, Payer]:
    card = find_card(pending["card"])
    assert card is not None
    payer = pending["payer"]
    return card, Payer(**payer | {"expiry": tuple(payer["expiry"])})


def _answer(account: str, session_id: str, attempt: Attempt, events: list[str]) -> AnyResponse:
    """Send the buyer on, after the webhooks where that was asked for."""
    if attempt.result == Result.NEEDS_AUTHENTICATION:
        return redirect(url_for("checkout.ask", session_id=session_id), 303)
    if events:
        engine().dispatcher.wait_until_attempted(account, events, DELIVERY_SECONDS)
    with engine().view(account) as unit:
        return _after(unit.get("checkout.session", session_id))


def _after(session: Json) -> AnyResponse:
    may_lead_to(session["success_url"])
    return redirect(success_url(session), 303)


def success_url(session: Json) -> str:
    url: str = session["success_url"]
    return url.replace("{CHECKOUT_SESSION_ID}", session["id"])


def _closed(session: Json) -> Response:
    is_paid = session["status"] == "complete"
    page = _render(
        "closed.html",
        session,
        is_paid=is_paid,
        way_out=success_url(session) if is_paid else session["cancel_url"],
    )
    return make_response(page, 200 if is_paid else 410)


def _page(unit: Unit, session: Json, form: CardForm, status: int = 200) -> Response:
    may_lead_to(session["success_url"], session["cancel_url"])
    private = unit.objects.private(session["id"])
    form.nonce = private["nonce"]
    page = _render(
        "checkout.html",
        session,
        form=form,
        cards=LISTED,
        countries=COUNTRIES,
        items=private["line_items"],
        redeemed=_redeemed(unit, private),
        tax_country=session_terms.country_of(unit, session, private),
        tax_percent=session_terms.tax_percent(unit, session, private),
        **_renewal(unit, session, private),
    )
    return make_response(page, status)


def _redeemed(unit: Unit, private: Json) -> list[Json]:
    """Each coupon of the session: its code or name, and what it takes off."""
    told = []
    for coupon, code_id in session_terms.redeemed(unit, private):
        code = unit.get("promotion_code", code_id)["code"] if code_id else None
        told.append({"code": code, "name": code or coupon["name"] or coupon["id"],
                     "terms": discount_terms(coupon)})  # fmt: skip
    return told


def _renewal(unit: Unit, session: Json, private: Json) -> Json:
    """What is charged after today: the sum, how often, and when first."""
    recurring = [item for item in private["line_items"] if item["price"]["recurring"]]
    if session["mode"] != "subscription":
        return {"recurring_total": None}
    rhythm = recurring[0]["price"]["recurring"]
    trial_end = trial_end_of(unit.now, private.get("subscription_data", {}))
    first = trial_end or periods.after(unit.now, rhythm["interval"], rhythm["interval_count"])
    return {
        "every": every(rhythm),
        "rhythm": every(rhythm, start="each"),
        "is_trial": trial_end is not None,
        "recurring_total": session_terms.renewal_total(
            unit, session, private, "forever", "repeating"
        ),
        "later_total": session_terms.renewal_total(unit, session, private, "forever"),
        "full_price": sum(item["amount_subtotal"] for item in recurring),
        "renews_at": first,
    }


def _render(template: str, session: Json, **context: Any) -> str:
    app_name = engine().settings.app_name
    return render_template(f"sandbox/{template}", session=session, app_name=app_name, **context)
