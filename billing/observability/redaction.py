"""What never stands in a log: secrets, signatures, card numbers and addresses.

Known by their shape wherever they stand, in a traceback too, and by the name of their field.
"""

import re
from collections.abc import Mapping
from datetime import date
from functools import lru_cache

REDACTED = "[redacted]"

_SECRET_FIELDS = re.compile(
    r"(?:.*_)?(?:password|password_hash|passwd|secret|secret_key|authorization|cookie|signature"
    r"|token|token_hash|api_key|key_hash|raw_key|card_number|cvc|email)",
    re.IGNORECASE,
)
_SHAPES = (
    # Stripe's keys and webhook secrets, our API keys, the secret half of an intent's id.
    (re.compile(r"\b(sk|rk|pk)_(live|test)_\w+"), rf"\1_\2_{REDACTED}"),
    (re.compile(r"\bwhsec_[\w+/=-]+"), f"whsec_{REDACTED}"),
    (re.compile(r"\b([bt]k)_\w[\w.-]{7,}"), rf"\1_{REDACTED}"),
    (re.compile(r"_secret_\w+"), f"_secret_{REDACTED}"),
    # Stripe-Signature, Authorization, the password of a database or mail address.
    (re.compile(r"\bv[01]=[0-9a-fA-F]{16,}"), f"v1={REDACTED}"),
    (re.compile(r"\b(Bearer|Basic) [\w.~+/=-]+", re.IGNORECASE), rf"\1 {REDACTED}"),
    (re.compile(r"://[^\s/@:]*:[^\s/@]+@"), f"://{REDACTED}@"),
    # Links that log a person in or prove an address.
    (
        re.compile(r"/(reset-password|verify-email|portal|confirm|alerts/off)/[^\s/?#\"']+"),
        rf"/\1/{REDACTED}",
    ),
    (re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+"), REDACTED),
)
# Each of the shapes has one of these; most of what a line of the log says has none.
_MARKS = re.compile(r"[_=@/ ]")
_CARD_LIKE = re.compile(r"(?<![\w.-])[0-9](?:[ -]?[0-9]){12,18}(?![\w-])")


def redact(value: object, *, field: str = "") -> object:
    """Return the value without anything secret; mappings and lists are searched too."""
    if value is not None and not isinstance(value, bool) and _is_secret(field):
        return REDACTED
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, Mapping):
        return {
            redact_text(str(key)): redact(below, field=str(key)) for key, below in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [redact(below) for below in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return value.isoformat() if isinstance(value, date) else redact_text(repr(value))


def redact_text(text: str) -> str:
    """Return the text with everything that has the shape of a secret taken out."""
    if _MARKS.search(text):
        for shape, replacement in _SHAPES:
            text = shape.sub(replacement, text)
    return _CARD_LIKE.sub(_without_card, text)


@lru_cache(maxsize=1_000)
def _is_secret(field: str) -> bool:
    return _SECRET_FIELDS.fullmatch(field) is not None


def _without_card(match: re.Match[str]) -> str:
    return REDACTED if _passes_luhn(re.sub(r"[ -]", "", match[0])) else match[0]


def _passes_luhn(digits: str) -> bool:
    """Return whether the check digit is right; a number of another kind seldom passes."""
    doubled = [int(digit) * 2 for digit in digits[-2::-2]]
    plain = [int(digit) for digit in digits[-1::-2]]
    return (sum(plain) + sum(number - 9 if number > 9 else number for number in doubled)) % 10 == 0
