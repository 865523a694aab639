"""Closing an account: what goes, what stays by law, and the password once more."""

from http import HTTPStatus

from flask import Blueprint, flash, redirect, url_for
from flask.typing import ResponseReturnValue

from billing.errors import GatewayError, InvalidInput, PaymentPending
from billing.services import account_closing
from billing.web import gateway, login, pages, settings
from billing.web.language import _, translate
from billing.web.login import current_person, login_required
from billing.web.settings_forms import ClosingForm

bp = Blueprint("closing", __name__, url_prefix="/close")


@bp.route("", methods=["GET", "POST"])
@login_required
def close() -> ResponseReturnValue:
    form, person = ClosingForm(), current_person()
    if form.validate_on_submit():
        try:
            account_closing.close(
                person,
                password=form.current_password.data,
                person_key=settings.current().person_key,
                gateway=gateway.current(),
            )
        except InvalidInput as error:
            form.take_errors(error)
        else:
            login.log_out()
            return pages.done(_("Your account is closed."), "auth.login")
    preview = account_closing.preview(person)
    return pages.show("settings/closing/close.html", form, preview=preview, person=person)


@bp.errorhandler(GatewayError)
def _stripe_is_away(_error: GatewayError) -> ResponseReturnValue:
    message = _(
        "We could not reach the payment service, so nothing was closed. Try again in a minute."
    )
    flash(message, "warn")
    return redirect(url_for("settings.closing.close"), HTTPStatus.SEE_OTHER)


@bp.errorhandler(PaymentPending)
def _payment_is_pending(error: PaymentPending) -> ResponseReturnValue:
    flash(translate(error.detail), "warn")
    return redirect(url_for("settings.closing.close"), HTTPStatus.SEE_OTHER)
