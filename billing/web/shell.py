"""What the frame of every page knows: the names, the person, the theme, the year."""

from typing import Any

from flask import Flask, current_app, has_request_context, request
from flask_login import current_user
from jinja2 import StrictUndefined

from billing import clock
from billing.settings import Settings
from billing.web import acting

THEMES = ("light", "dark")
THEME_COOKIE = "theme"


def init_app(app: Flask) -> None:
    """Give every template the frame; a name that nobody passed is an error, not a blank."""
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.context_processor(context)


def context() -> dict[str, Any]:
    """Return the frame's variables, for the person who is logged in."""
    return nameless_context() | {
        "current_user": current_user,
        "acting_admin": acting.acting_admin(),
    }


def chosen_theme() -> str | None:
    """Return the theme that the form asks for, None when the system decides."""
    theme = request.form.get("theme")
    return theme if theme in THEMES else None


def nameless_context() -> dict[str, Any]:
    """Return the frame's variables without asking the database who is there."""
    settings: Settings = current_app.extensions["billing_settings"]
    theme = request.cookies.get(THEME_COOKIE) if has_request_context() else None
    return {
        "app_name": settings.app_name,
        "support_email": settings.support_email,
        "current_user": None,
        "acting_admin": None,
        "current_path": request.path if has_request_context() else "",
        "current_year": clock.now().year,
        "theme": theme if theme in THEMES else None,
    }
