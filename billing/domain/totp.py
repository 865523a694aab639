"""Time-based one-time codes (RFC 6238) as authenticator apps make them: six digits, 30 seconds."""

import base64
import hashlib
import hmac
from datetime import datetime

import pyotp

STEP_SECONDS = 30
SECRET_BYTES = 20
DRIFT_STEPS = 1
"""How many steps a phone's clock may be away from ours."""


def secret_of(key: str, salt: str) -> str:
    """Return the secret that the salt stands for, as an app takes it (Base32).

    Args:
        key: of the app; without it a copy of the database makes no codes.
        salt: of the user.
    """
    digest = hmac.new(key.encode(), f"second factor {salt}".encode(), hashlib.sha256).digest()
    return base64.b32encode(digest[:SECRET_BYTES]).decode()


def uri_of(secret: str, *, account: str, issuer: str) -> str:
    """Return the `otpauth:` address that the square holds.

    Args:
        secret: from `secret_of`.
        account: what the app shows it under: an e-mail address.
        issuer: whose code it is.
    """
    return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=issuer)


def find_step(secret: str, code: str, *, now: datetime) -> int | None:
    """Return the step that the code belongs to, or None if it is of none near now.

    Args:
        secret: from `secret_of`.
        code: as it was typed.
        now: aware.
    """
    current = int(now.timestamp()) // STEP_SECONDS
    codes = pyotp.TOTP(secret)
    near = range(current - DRIFT_STEPS, current + DRIFT_STEPS + 1)
    typed = code.encode("utf-8", "surrogatepass")
    found = [step for step in near if hmac.compare_digest(codes.generate_otp(step).encode(), typed)]
    return found[0] if found else None
