"""Who is at the browser: Flask-Login over sessions that the server can end.

The signed cookie carries the session's token where Flask-Login expects a user id, so that logging
out, a new password or an admin ends it whatever copies of the cookie there are.
"""

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast
from urllib.parse import urlsplit

import flask_login
import structlog
from flask import Flask, Request, Response, redirect, request, session, url_for
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, current_user

from billing.models import User
from billing.services import second_factor, sessions
from billing.settings import Settings

COOKIE_NAME = "billhook_session"
TOKEN_KEY = "_user_id"  # noqa: S105 the name, not the token
WAITING_KEY = "awaits_code"
ADMIN_TOKEN_KEY = "admin_token"  # noqa: S105 the name, not the token
MAX_PATH_LENGTH = 2000

P = ParamSpec("P")
R = TypeVar("R")

manager = LoginManager()
# Ending a session because an address or a browser's version changed logs the wrong people out.
manager.session_protection = None


class CookieSessions(SecureCookieSessionInterface):
    """Flask's sessions, which cost a caller of the API, who has no cookie, next to nothing."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """Give who sends no cookie an empty session."""
        if self.get_cookie_name(app) not in request.cookies:
            return self.session_class()
        return super().open_session(app, request)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Leave the answer alone where there is nothing to keep: Flask-Login looks every time."""
        if session or session.modified:
            super().save_session(app, session, response)


def init_app(app: Flask) -> None:
    """Set the cookie's flags and load the user of each request."""
    settings: Settings = app.extensions["billing_settings"]
    app.config["SESSION_COOKIE_HTTPONLY"] = True
    # Lax, not Strict: the way back from Stripe Checkout comes from another site.
    app.config["SESSION_COOKIE_SAMESITE"] = "Lax"
    app.config["SESSION_COOKIE_SECURE"] = settings.is_https
    app.config["SESSION_COOKIE_NAME"] = (
        f"__Host-{COOKIE_NAME}" if settings.is_https else COOKIE_NAME
    )
    app.session_interface = CookieSessions()
    manager.unauthorized_handler(ask_to_log_in)
    manager.init_app(app)


def login_required(view: Callable[P, R]) -> Callable[P, R]:
    """Show the route to users only; Flask-Login's own guard, with its types."""
    return cast("Callable[P, R]", flask_login.login_required(view))


@manager.user_loader  # type: ignore[untyped-decorator]
def _load(token: str) -> User | None:
    user = sessions.find(token)
    if user is not None:
        structlog.contextvars.bind_contextvars(user_id=user.id)
    return user


def wait_for_code(user: User) -> None:
    """Keep in the browser that the user has given the password, and nothing of what was before."""
    session.clear()
    session[WAITING_KEY] = second_factor.wait_for_code(user)


def find_person_to_prove() -> User | None:
    """Return who is to give a code: between the steps of a log-in, or logged in without one."""
    if WAITING_KEY in session:
        return second_factor.find_waiting(session[WAITING_KEY])
    if not is_logged_in() or sessions.gave_second_factor(session_token()):
        return None
    return current_person() if second_factor.is_on(current_person()) else None


def log_in(token: str) -> None:
    """Give the browser this session and nothing of the one before it."""
    session.clear()
    session[TOKEN_KEY] = token


def log_out() -> None:
    """End the session on the server and in the browser; an admin's own with the one they act in."""
    for token in (session_token(), admin_token()):
        sessions.end(token)
    session.clear()


def act_as(token: str) -> None:
    """Give the browser of an admin this session of a user, and keep the admin's own for later."""
    own = session_token()
    log_in(token)
    session[ADMIN_TOKEN_KEY] = own


def admin_token() -> str:
    """Return the token of the admin's own session while they act as a user, else nothing."""
    token: str = session.get(ADMIN_TOKEN_KEY, "")
    return token


def session_token() -> str:
    """Return the token of this browser's session, empty for a stranger."""
    token: str = session.get(TOKEN_KEY, "")
    return token


def is_logged_in() -> bool:
    """Return whether a user is at the browser."""
    return bool(current_user.is_authenticated)


def current_person() -> User:
    """Return the user of a route that requires a log-in, as a model and not as a proxy."""
    user: User = current_user._get_current_object()
    return user


def ask_to_log_in() -> ResponseReturnValue:
    """Send a stranger to the log-in page, and from there back to where they wanted to go."""
    return redirect(url_for("auth.login", next=wanted_path()))


def wanted_path() -> str | None:
    """Return where to come back to: the page that was asked for, or that held the form."""
    if request.method in {"GET", "HEAD"}:
        return request.full_path.rstrip("?")
    # A form's own address only takes POST: go back to the page that held it.
    page = urlsplit(request.referrer or "")
    return page._replace(scheme="", netloc="").geturl() if page.netloc == request.host else None


def next_path(default: str = "account.index") -> str:
    """Return where `?next=` leads if that is a path of ours, else the default page."""
    target = request.args.get("next", "")
    return target if is_own_path(target) else url_for(default)


def is_own_path(target: str) -> bool:
    """Return whether a browser that is sent to the target stays on this site.

    Browsers read a backslash as a slash and drop tabs and line breaks, so none may be there.
    """
    has_strange_characters = any(ord(c) <= ord(" ") or c == "\\" or ord(c) == 127 for c in target)
    if has_strange_characters or not target.startswith("/") or target.startswith("//"):
        return False
    try:
        parts = urlsplit(target)
    except ValueError:
        return False
    return not (parts.scheme or parts.netloc) and len(target) <= MAX_PATH_LENGTH
