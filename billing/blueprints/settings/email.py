"""The address of an account: changed with the password, confirmed by a link."""

from http import HTTPStatus

from flask import Blueprint, flash, redirect, url_for
from flask.typing import ResponseReturnValue

from billing.errors import InvalidInput
from billing.models import LinkPurpose
from billing.services import accounts, email_changes, links
from billing.web import pages
from billing.web.forms import EmptyForm
from billing.web.language import _
from billing.web.login import current_person, login_required
from billing.web.settings_forms import EmailChangeForm

bp = Blueprint("email", __name__, url_prefix="/email")


@bp.route("", methods=["GET", "POST"])
@login_required
def change() -> ResponseReturnValue:
    form, person = EmailChangeForm(), current_person()
    if form.validate_on_submit():
        try:
            email = email_changes.ask(person, form.email.data, password=form.current_password.data)
        except InvalidInput as error:
            form.take_errors(error)
        else:
            flash(
                _(
                    "We sent a link to %(email)s. Your address changes when you open it.",
                    email=email,
                ),
                "info",
            )
            return redirect(url_for("settings.index"), HTTPStatus.SEE_OTHER)
    return pages.show("settings/email/change.html", form, person=person)


@bp.post("/verification")
@login_required
def send_verification() -> ResponseReturnValue:
    person = current_person()
    if person.email_verified_at is None:
        accounts.send_verification(person)
    flash(_("We sent a link to %(email)s.", email=person.email), "info")
    return redirect(url_for("settings.index"), HTTPStatus.SEE_OTHER)


@bp.route("/confirm/<token>", methods=["GET", "POST"])
def confirm(token: str) -> ResponseReturnValue:
    """Open the link; whoever reads mail at the new address may be at another browser."""
    link = links.get(token, LinkPurpose.CHANGE_EMAIL)
    form = EmptyForm()
    # Programs that look into e-mails open links; only a person presses the button.
    if form.validate_on_submit():
        email_changes.confirm(token)
        return pages.done(_("Your email address is changed."), "settings.index")
    return pages.show("settings/email/confirm.html", form, link=link)
