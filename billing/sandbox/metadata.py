"""Metadata as Stripe keeps it: keys are merged, an empty value removes its key."""

from billing.sandbox.contract import Json
from billing.sandbox.errors import invalid

MAX_KEYS, MAX_KEY_LENGTH, MAX_VALUE_LENGTH = 50, 40, 500


def merged(current: Json | None, given: Json | str | None) -> Json:
    """The metadata after a call that gave `given`; `""` clears all of it."""
    if given is None:
        return current or {}
    if isinstance(given, str):
        return {}
    result = dict(current or {}) | dict(given)
    result = {key: value for key, value in result.items() if value != ""}
    _refuse_too_large(result)
    return result


def _refuse_too_large(metadata: Json) -> None:
    if len(metadata) > MAX_KEYS:
        raise invalid(f"Metadata can only have up to {MAX_KEYS} keys.", "metadata")
    for key, value in metadata.items():
        if len(key) > MAX_KEY_LENGTH:
            raise invalid(
                f"Metadata keys can have up to {MAX_KEY_LENGTH} characters, but you passed in a "
                f"key of length {len(key)}. Invalid key: {key}",
                "metadata",
            )
        if len(value) > MAX_VALUE_LENGTH:
            raise invalid(
                f"Metadata values can have up to {MAX_VALUE_LENGTH} characters, but you passed in "
                f"a value that is {len(value)} characters. Invalid value: {value}",
                f"metadata[{key}]",
            )
