"""Which function serves which call: "POST /v1/customers/{customer}" to a handler."""

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from billing.sandbox.contract import Json

Handler = Callable[..., Json]

ROUTES: dict[str, Handler] = {}
# "search" is a route of its own that the sandbox does not serve, never an id.
_ID = r"((?!search$)[^/]+)"
_PATTERNS: dict[str, tuple[str, re.Pattern[str], int]] = {}


class Match(NamedTuple):
    """A route key, its handler and the ids of the path."""

    key: str
    handler: Handler
    ids: tuple[str, ...]


def serves(key: str) -> Callable[[Handler], Handler]:
    """Register a handler `(unit, params, *path_ids) -> object` under a route of the library."""
    method, _, path = key.partition(" ")
    pattern = re.compile("^" + re.sub(r"\{\w+\}", _ID, path) + "$")
    _PATTERNS[key] = (method, pattern, len(re.sub(r"\{\w+\}", "", path)))

    def register(handler: Handler) -> Handler:
        ROUTES[key] = handler
        return handler

    return register


def find_route(method: str, path: str) -> Match | None:
    """The most literal route that fits: `/search` wins over `/{id}`."""
    fits: list[tuple[int, str, tuple[Any, ...]]] = []
    for key, (verb, pattern, literal) in _PATTERNS.items():
        found = pattern.match(path) if verb == method else None
        if found:
            fits.append((literal, key, found.groups()))
    if not fits:
        return None
    _, key, ids = max(fits)
    return Match(key, ROUTES[key], ids)
