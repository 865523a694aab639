"""The second factor of an account: set up with an app, shown with its codes, turned off."""

from http import HTTPStatus

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from billing.errors import InvalidInput
from billing.services import accounts, second_factor, sessions
from billing.web import login as browser
from billing.web import pages, settings
from billing.web.forms import CodeForm, PasswordForm
from billing.web.language import _
from billing.web.login import current_person, login_required
from billing.web.qr_code import QrCode

bp = Blueprint("second_factor", __name__, url_prefix="/second-factor")


@bp.route("", methods=["GET", "POST"])
@login_required
def set_up() -> ResponseReturnValue:
    person, form, here = current_person(), CodeForm(), settings.current()
    if second_factor.is_on(person):
        return redirect(url_for("settings.second_factor.turn_off"))
    if form.validate_on_submit():
        try:
            codes = second_factor.confirm(person, form.code.data, key=here.person_key)
        except InvalidInput as error:
            form.take_errors(error)
        else:
            return _show_codes(codes)
    enrolment = second_factor.begin(person, key=here.person_key, issuer=here.app_name)
    square = QrCode.of(enrolment.uri)
    return pages.show(
        "settings/second_factor/set_up.html", form, secret=enrolment.secret, square=square
    )


@bp.route("/off", methods=["GET", "POST"])
@login_required
def turn_off() -> ResponseReturnValue:
    person, form = current_person(), PasswordForm()
    if form.validate_on_submit():
        try:
            accounts.check_password(person, form.password.data, field="password")
        except InvalidInput as error:
            form.take_errors(error)
        else:
            second_factor.turn_off(person, actor=f"user:{person.id}")
            return pages.done(_("Two-step login is off."), "settings.index")
    left = second_factor.count_recovery_codes(person)
    return pages.show("settings/second_factor/turn_off.html", form, left=left)


def _show_codes(codes: list[str]) -> ResponseReturnValue:
    """Give the session its second factor; no redirect: the codes are kept nowhere."""
    person = current_person()
    sessions.end_all(person)
    user_agent = request.user_agent.string
    browser.log_in(sessions.start(person, user_agent=user_agent, gave_second_factor=True))
    return render_template(
        "settings/second_factor/recovery_codes.html", codes=codes
    ), HTTPStatus.CREATED
