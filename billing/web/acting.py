"""An admin who acts as a user: looks at what the user sees, changes nothing, and goes back."""

from flask import Flask, g, request
from flask.typing import ResponseReturnValue

from billing.errors import NotFound, OnlyLooking
from billing.messages import Message
from billing.models import User
from billing.services import sessions
from billing.services.audit import Actor
from billing.web.limits import SAFE_METHODS
from billing.web.login import admin_token, log_in, log_out, session_token

# What an admin may do while they act: how the page looks, and the ways out.
OPEN_ENDPOINTS = {"theme.choose", "auth.logout", "acting.end"}


def init_app(app: Flask) -> None:
    """Keep those who only look from changing anything."""
    app.before_request(_only_look)


def acting_admin() -> User | None:
    """Return the admin who acts as the user of this request, None where the user is here."""
    admin: User | None = g.get("acting_admin")
    return admin


def acting_actor() -> Actor:
    """Return the admin who acts, as the audit log names them.

    Raises:
        NotFound: nobody acts.
    """
    admin = acting_admin()
    if admin is None:
        raise NotFound("There is no such page.")
    return Actor(admin.id, request.remote_addr or "", g.request_id)


def _only_look() -> ResponseReturnValue | None:
    if not request.cookies or request.blueprint == "assets" or not admin_token():
        return None
    g.acting_admin = sessions.find_acting_admin(session_token())
    if g.acting_admin is None:
        # The hour is over, or the admin is one no more: their own session says who they are now.
        go_back()
    elif request.method not in SAFE_METHODS and request.endpoint not in OPEN_ENDPOINTS:
        raise OnlyLooking(
            Message("An admin can look at an account, but not change or pay anything in it.")
        )
    return None


def go_back() -> None:
    """Give the browser the admin's own session again, if it is still alive."""
    token = admin_token()
    if sessions.find(token) is None:
        log_out()
    else:
        sessions.end(session_token())
        log_in(token)
