"""Checkout: off to Stripe's payment page, and back."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from billing.domain.statuses import OrderState
from billing.errors import AlreadySubscribed, GatewayError
from billing.services import checkout, receipts
from billing.services.checkout import ReturnPages
from billing.web import checkout_form, gateway, payment_wait, settings
from billing.web.language import lazy_gettext, translate
from billing.web.links import external_url
from billing.web.login import login_required
from billing.web.plan_state import payment_state

bp = Blueprint("checkout", __name__, url_prefix="/checkout")

AWAY = lazy_gettext(
    "We could not reach the payment service. Nothing was charged. Try again in a minute."
)


@bp.post("/subscription")
@login_required
def subscription() -> ResponseReturnValue:
    tier_slug, interval = checkout_form.tier_choice()
    try:
        url = checkout.start_subscription(
            current_user,
            tier_slug=tier_slug,
            interval=interval,
            person_key=settings.current().person_key,
            pages=_return_pages(f"tier={tier_slug}&interval={interval}"),
            gateway=gateway.current(),
        )
    except AlreadySubscribed as error:
        flash(translate(error.detail), "info")
        return redirect(url_for("account.index"), 303)
    except GatewayError:
        flash(str(AWAY), "unavailable")
        return redirect(url_for("pricing.index", interval=interval), 303)
    return redirect(url, 303)


@bp.post("/tokens")
@login_required
def tokens() -> ResponseReturnValue:
    package_slug = checkout_form.package_choice()
    try:
        url = checkout.start_tokens(
            current_user,
            package_slug=package_slug,
            pages=_return_pages(f"package={package_slug}"),
            gateway=gateway.current(),
        )
    except GatewayError:
        flash(str(AWAY), "unavailable")
        return redirect(url_for("pricing.index"), 303)
    return redirect(url, 303)


@bp.get("/success")
def success() -> ResponseReturnValue:
    if not current_user.is_authenticated:
        # Whom the host sent to pay may have no log-in here; a stranger is told nothing.
        return render_template("checkout/thanks.html")
    session_id = request.args.get("session_id", "")
    try:
        order = checkout.confirm(current_user, session_id, gateway=gateway.current())
        state = payment_state(order)
    except GatewayError:
        order = checkout.get_order(current_user, session_id)
        state = payment_state(order, stripe_is_away=True)
    invoice = receipts.find_invoice_of(order)
    return render_template(
        "checkout/success.html",
        order=order,
        state=state,
        invoice=invoice,
        wait=payment_wait.of_request(),
    )


@bp.get("/status")
@login_required
def status() -> ResponseReturnValue:
    """Say whether the payment has settled: the return page asks while it waits."""
    session_id = request.args.get("session_id", "")
    order = checkout.get_order(current_user, session_id)
    is_settled = order.state not in {OrderState.OPEN, OrderState.PROCESSING}
    return {"state": order.state, "is_settled": is_settled}


@bp.get("/cancel")
def cancel() -> ResponseReturnValue:
    return render_template("checkout/cancel.html")


def _return_pages(choice: str) -> ReturnPages:
    # url_for would escape the braces that Stripe looks for.
    success_url = external_url("checkout.success") + "?session_id={CHECKOUT_SESSION_ID}"
    return ReturnPages(success_url, f"{external_url('checkout.cancel')}?{choice}")
