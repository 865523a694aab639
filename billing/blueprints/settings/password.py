"""The password of an account, changed by who knows it."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from billing.errors import InvalidInput
from billing.services import accounts
from billing.web import login, pages
from billing.web.language import _
from billing.web.login import current_person, login_required
from billing.web.settings_forms import PasswordChangeForm

bp = Blueprint("password", __name__, url_prefix="/password")


@bp.route("", methods=["GET", "POST"])
@login_required
def change() -> ResponseReturnValue:
    form, person = PasswordChangeForm(), current_person()
    if form.validate_on_submit():
        try:
            accounts.change_password(
                person,
                current=form.current_password.data,
                new=form.new_password.data,
                session_token=login.session_token(),
            )
        except InvalidInput as error:
            form.take_errors(error)
        else:
            message = _("Password changed. You are logged out everywhere else.")
            return pages.done(message, "settings.index")
    return pages.show("settings/password/change.html", form, person=person)
