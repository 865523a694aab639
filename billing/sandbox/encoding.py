"""Stripe's form encoding: `items[0][price]=x&expand[]=y` to nested values, and back to names."""

import re
from collections.abc import Iterable
from typing import Any

from billing.sandbox.errors import ApiError

_NAME = re.compile(r"^([^\[\]]+)((?:\[[^\[\]]*\])*)$")
_PART = re.compile(r"\[([^\[\]]*)\]")


def decode(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Nest the pairs. Lists stay hashes with the keys "0", "1", … until their type is known."""
    root: dict[str, Any] = {}
    for name, value in pairs:
        match = _NAME.match(name)
        if match is None:
            raise ApiError(f"Invalid parameter name: {name}", param=name)
        parts = [match.group(1), *_PART.findall(match.group(2))]
        here = root
        for part in parts[:-1]:
            here = _descend(here, part, name)
        here[_key(here, parts[-1])] = value
    return root


def _descend(here: dict[str, Any], part: str, name: str) -> dict[str, Any]:
    below = here.setdefault(_key(here, part), {})
    if not isinstance(below, dict):
        raise ApiError(f"Invalid parameter: {name} is both a value and a hash", param=name)
    return below


def _key(here: dict[str, Any], part: str) -> str:
    """`expand[]` appends."""
    return part or str(len(here))


def child(path: str, name: str | int) -> str:
    """How Stripe names a nested parameter in its errors."""
    return f"{path}[{name}]" if path else str(name)
