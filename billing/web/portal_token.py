"""The address of a portal link: its nonce, signed, so that a copy of the database opens nothing."""

from flask import current_app
from itsdangerous import BadSignature, URLSafeSerializer

from billing.errors import LinkExpired
from billing.settings import Settings
from billing.web.links import external_url

SALT = "portal-link"


def url_of(nonce: str) -> str:
    """Return the full address that logs the link's user in."""
    return external_url("portal_link.enter", token=sign(nonce))


def sign(nonce: str) -> str:
    """Return the part of the address that is the link's own."""
    return str(_serializer().dumps(nonce))


def read(token: str) -> str:
    """Return the nonce of an address that we signed.

    Raises:
        LinkExpired: we did not.
    """
    try:
        return str(_serializer().loads(token))
    except BadSignature:
        raise LinkExpired("This link is not complete. Go back and try again.") from None


def _serializer() -> URLSafeSerializer:
    settings: Settings = current_app.extensions["billing_settings"]
    # The newest key signs and stands last; the older ones still prove.
    keys = [*reversed(settings.secret_key_fallbacks), settings.secret_key]
    return URLSafeSerializer(keys, salt=SALT)
