"""The way back of an admin who acts as a user: not at the desk, for the user cannot get there."""

from http import HTTPStatus

from flask import Blueprint, flash, redirect, url_for
from flask.typing import ResponseReturnValue

from billing.services.admin import acting as desk_acting
from billing.web import acting
from billing.web.language import _
from billing.web.login import current_person, login_required, session_token

bp = Blueprint("acting", __name__)


@bp.post("/acting/end")
@login_required
def end() -> ResponseReturnValue:
    user = current_person()
    desk_acting.end(session_token(), user=user, actor=acting.acting_actor())
    acting.go_back()
    flash(_("You are yourself again."), "ok")
    return redirect(url_for("admin.user", record_id=user.id), HTTPStatus.SEE_OTHER)
