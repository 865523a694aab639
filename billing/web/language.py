"""The language that a text is written in: gettext and Babel, by Flask-Babel."""

from typing import cast

import flask_babel
from babel import Locale
from flask import Flask
from flask_babel.speaklater import LazyString

from billing.web import filters


def init_app(app: Flask) -> None:
    """Let the app speak; the templates get `_`, `ngettext` and `pgettext`."""
    flask_babel.Babel(
        app,
        configure_jinja=True,
        locale_selector=lambda: str(filters.current_locale()),
        timezone_selector=lambda: filters._current_zone(),
    )
    app.jinja_env.filters["translate"] = str


def current_locale() -> Locale:
    """Return the locale of what is written now."""
    return cast("Locale", flask_babel.get_locale())


def _(message: str, **values: object) -> str:
    """Return the message in the reader's language; a percent sign in it is written `%%`."""
    return str(flask_babel.gettext(message)) % values


def ngettext(one: str, many: str, num: int, **values: object) -> str:
    """Return the message in the form that goes with the number, `%(num)s` unless it is named."""
    return str(flask_babel.ngettext(one, many, num, **values))


def lazy_gettext(message: str, **values: object) -> str:
    """Return the message for a table or a form that is made before anybody reads it."""
    return cast("str", LazyString(_, message, **values))
