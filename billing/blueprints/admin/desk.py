"""The frame of the desk: the search that jumps, the password asked again."""

from http import HTTPStatus

from flask import redirect, render_template, request
from flask.typing import ResponseReturnValue

from billing.blueprints.admin.blueprint import bp
from billing.errors import InvalidInput
from billing.services import accounts
from billing.web.admin import jumps
from billing.web.forms import PasswordForm
from billing.web.login import current_person, next_path, session_token


@bp.get("/search")
def search() -> ResponseReturnValue:
    return redirect(jumps.address_of(request.args.get("q", "")), HTTPStatus.SEE_OTHER)


@bp.route("/confirm-password", methods=["GET", "POST"])
def confirm_password() -> ResponseReturnValue:
    form = PasswordForm()
    if form.validate_on_submit():
        try:
            accounts.confirm_password(
                current_person(), form.password.data, session_token=session_token()
            )
        except InvalidInput as error:
            form.take_errors(error)
        else:
            return redirect(next_path("admin.index"), HTTPStatus.SEE_OTHER)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return render_template("admin/confirm_password.html", form=form), status
