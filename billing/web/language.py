"""The language and the time zone that a text is written in: gettext and Babel, by Flask-Babel.

A page speaks the language that its reader chose, a user in the settings and a stranger in the
footer; else what the browser asks for, as far as we speak it; else English. The API, problem
documents and logs are English always: programs and developers read them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import cast

import flask_babel
from babel import Locale, negotiate_locale
from babel.dates import get_timezone
from flask import Flask, g, has_request_context, request
from flask_babel.speaklater import LazyString
from flask_login import current_user

from billing.domain.languages import DEFAULT_LOCALE, LOCALES
from billing.messages import Message, Wording

LOCALE_COOKIE = "locale"
UTC = "UTC"


@dataclass(frozen=True, slots=True)
class Reader:
    """Whom a text is written for; what we do not speak or know is English, and UTC."""

    locale: str | None
    time_zone: str = UTC

    @property
    def spoken_locale(self) -> str:
        return self.locale if self.locale in LOCALES else DEFAULT_LOCALE

    @property
    def known_time_zone(self) -> tzinfo:
        try:
            return get_timezone(self.time_zone)
        except LookupError:
            return get_timezone(UTC)


def init_app(app: Flask) -> None:
    """Let the app speak; the templates get `_`, `ngettext` and `pgettext`."""
    flask_babel.Babel(
        app,
        configure_jinja=True,
        locale_selector=lambda: reader().spoken_locale,
        timezone_selector=lambda: reader().known_time_zone,
    )
    app.jinja_env.globals.update(current_locale=current_locale, locales=LOCALES)
    app.jinja_env.filters["translate"] = translate


def reader() -> Reader:
    """Return whom this request's texts are for."""
    if "reader" not in g:
        g.reader = _user() or _stranger()
    return cast("Reader", g.reader)


def speak_to(someone: Reader) -> None:
    """Write for this person from now on."""
    g.reader = someone
    flask_babel.refresh()


@contextmanager
def speaking_to(someone: Reader) -> Iterator[None]:
    """Write for another person for a while: an e-mail between two pages."""
    before = g.get("reader")
    speak_to(someone)
    try:
        yield
    finally:
        g.pop("reader") if before is None else speak_to(before)
        flask_babel.refresh()


def speak_to_browser() -> None:
    """Write for whoever is there, without asking the database who that is."""
    if "reader" not in g:
        speak_to(_stranger())


def chosen_locale() -> str | None:
    """Return the language that the form asks for, None when it is none of ours."""
    locale = request.form.get("locale")
    return locale if locale in LOCALES else None


def current_locale() -> Locale:
    """Return the locale of what is written now."""
    return cast("Locale", flask_babel.get_locale())


def _user() -> Reader | None:
    if not has_request_context() or not current_user.is_authenticated:
        return None
    return Reader(current_user.locale or _stranger().locale, current_user.time_zone)


def _stranger() -> Reader:
    if not has_request_context():
        return Reader(DEFAULT_LOCALE)
    chosen = request.cookies.get(LOCALE_COOKIE)
    if chosen in LOCALES:
        return Reader(chosen)
    return Reader(negotiate_locale(request.accept_languages.values(), LOCALES, sep="-"))


def _(message: str, **values: object) -> str:
    """Return the message in the reader's language; a percent sign in it is written `%%`."""
    return str(flask_babel.gettext(message)) % values


def ngettext(one: str, many: str, num: int, **values: object) -> str:
    """Return the message in the form that goes with the number, `%(num)s` unless it is named."""
    return str(flask_babel.ngettext(one, many, num, **values))


def pgettext(context: str, message: str, **values: object) -> str:
    """Return a message that means different things in different places."""
    return str(flask_babel.pgettext(context, message)) % values


def lazy_gettext(message: str, **values: object) -> str:
    """Return the message for a table or a form that is made before anybody reads it."""
    return cast("str", LazyString(_, message, **values))


def translate(text: str) -> str:
    """Return what a service said in the reader's language; what is unknown stays as it is."""
    if isinstance(text, Wording):
        return text.in_other.get(current_locale().language, text)
    if not isinstance(text, Message):
        return str(flask_babel.gettext(text)) if text else text
    return _(text.template, **{name: _written(value) for name, value in text.values.items()})


def _written(value: object) -> object:
    if isinstance(value, datetime):
        return flask_babel.format_datetime(value, "medium")
    if isinstance(value, Message | Wording):
        return translate(value)
    return flask_babel.format_decimal(value) if type(value) is int else value
