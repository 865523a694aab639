"""Who may come to the admin's desk, and who they are to the audit log."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from flask import flash, g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from billing.errors import NotFound
from billing.services import second_factor, sessions
from billing.services.audit import Actor
from billing.web import settings
from billing.web.language import _
from billing.web.login import (
    ask_to_log_in,
    current_person,
    is_logged_in,
    session_token,
    wanted_path,
)

P = ParamSpec("P")


def admit_admins() -> ResponseReturnValue | None:
    """Send strangers to the log-in; to everybody else but admins there is nothing here.

    Raises:
        NotFound: the user is no admin, by the database and at this moment.
    """
    if not is_logged_in():
        return ask_to_log_in()
    if not current_person().is_admin:
        raise NotFound("There is no such page.")
    return _ask_for_second_factor()


def _ask_for_second_factor() -> ResponseReturnValue | None:
    """Have an admin give a code, in development only where one was set up."""
    is_on = second_factor.is_on(current_person())
    is_needed = is_on or settings.current().is_production
    if not is_needed or sessions.gave_second_factor(session_token()):
        return None
    if is_on:
        return redirect(url_for("auth.login_code", next=wanted_path()), 303)
    flash(_("Admins log in in two steps. Set up the second one first."), "info")
    return redirect(url_for("settings.second_factor.set_up"), 303)


def password_required(
    view: Callable[P, ResponseReturnValue],
) -> Callable[P, ResponseReturnValue]:
    """Ask for the password again where it was typed more than 15 minutes ago: money moves here."""

    @wraps(view)
    def ask_first(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        if sessions.is_confirmed(session_token()):
            return view(*args, **kwargs)
        if request.method == "POST":
            flash(_("Nothing was changed: your password was asked for first."), "info")
        return redirect(url_for("admin.confirm_password", next=wanted_path()), 303)

    return ask_first


def current_actor() -> Actor:
    """Return the admin of this request, as the audit log names them."""
    return Actor(current_person().id, request.remote_addr or "", g.request_id)
