"""The address in an alert mail that turns the alert off: signed, so that it needs no log-in."""

from flask import Flask, current_app
from itsdangerous import BadSignature, URLSafeSerializer

from billing.domain.alerts import AlertKind
from billing.errors import LinkExpired
from billing.settings import Settings

SALT = "alert-off"


def init_app(app: Flask) -> None:
    """Give the e-mails the part of the address that is theirs."""
    app.jinja_env.globals["alert_token"] = sign


def sign(user_id: int, kind: str) -> str:
    """Return what turns the kind of alert off for the user."""
    return str(_serializer().dumps([user_id, kind]))


def read(token: str) -> tuple[int, AlertKind]:
    """Return whose alert it is, and which.

    Raises:
        LinkExpired: we did not sign it.
    """
    try:
        user_id, kind = _serializer().loads(token)
    except BadSignature:
        raise LinkExpired("This link is not complete. Open it from the email again.") from None
    return int(user_id), AlertKind(kind)


def _serializer() -> URLSafeSerializer:
    settings: Settings = current_app.extensions["billing_settings"]
    # The newest key signs and stands last; the older ones still prove.
    keys = [*reversed(settings.secret_key_fallbacks), settings.secret_key]
    return URLSafeSerializer(keys, salt=SALT)
