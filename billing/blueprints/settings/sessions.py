"""Where an account is logged in, and how to end it."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from billing.errors import NotFound
from billing.services import sessions
from billing.web import login, pages
from billing.web.language import _
from billing.web.login import current_person, login_required

bp = Blueprint("sessions", __name__, url_prefix="/devices")


@bp.get("")
@login_required
def index() -> str:
    found = sessions.list_for(current_person(), token=login.session_token())
    return render_template("settings/sessions/index.html", sessions=found)


@bp.post("/<int:session_id>/end")
@login_required
def end(session_id: int) -> ResponseReturnValue:
    sessions.end_one(current_person(), session_id)
    return pages.done(_("That device is logged out."), "settings.sessions.index")


@bp.post("/end-others")
@login_required
def end_others() -> ResponseReturnValue:
    sessions.end_all(current_person(), keep=login.session_token())
    return pages.done(_("All other devices are logged out."), "settings.sessions.index")


@bp.errorhandler(NotFound)
def _is_gone(_error: NotFound) -> ResponseReturnValue:
    """The button of a page that was open for a while."""
    return pages.done(_("That device is logged out."), "settings.sessions.index")
