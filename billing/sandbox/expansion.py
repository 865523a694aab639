"""`expand[]`: replace ids by their objects, at most four levels deep."""

from collections.abc import Callable
from typing import Any

from billing.sandbox.contract import Contract, Json
from billing.sandbox.errors import invalid
from billing.sandbox.unit import Unit

MAX_DEPTH = 4
Include = Callable[[Unit, Json], Json | None]

# What is there only when it is expanded, by kind and field.
INCLUDES: dict[tuple[str, str], Include] = {}


def includes(kind: str, field: str) -> Callable[[Include], Include]:
    """Register how an includable field of an object is found."""

    def register(include: Include) -> Include:
        INCLUDES[kind, field] = include
        return include

    return register


def expand(unit: Unit, body: Json, paths: list[str]) -> Json:
    """Expand each dotted path of an answer in place, and return it."""
    for path in paths:
        parts = path.split(".")
        if len(parts) > MAX_DEPTH:
            raise invalid(
                f"You cannot expand more than {MAX_DEPTH} levels of a property. Property: {path}",
                "expand",
                "property_expansion_max_depth",
            )
        _Expansion(unit, path).into(body, _tree(unit.contract, body), parts)
    return body


def _tree(contract: Contract, body: Json) -> Json:
    if body.get("object") == "list":
        return {"data": {"each": ""}}
    return contract.expandable(body["object"])


class _Expansion:
    """One path on its way down an answer."""

    def __init__(self, unit: Unit, path: str) -> None:
        self._unit, self._path = unit, path

    def into(self, body: Json, tree: Json, parts: list[str]) -> None:
        """Expand `parts[0]` of this hash, then the rest below it."""
        name, rest = parts[0], parts[1:]
        include = INCLUDES.get((body.get("object", ""), name))
        branch = tree.get(name, {} if include else None)
        if branch is None or ("list" in branch and name not in body and include is None):
            raise self._refusal()
        if include and not body.get(name):
            body[name] = include(self._unit, body)
        value = body.get(name)
        if isinstance(value, list):
            body[name] = [self._member(item, branch, rest) for item in value]
        elif value is not None:
            body[name] = self._member(value, branch, rest)

    def _member(self, value: Any, branch: Json, rest: list[str]) -> Any:
        if "ref" in branch and isinstance(value, str):
            value = self._unit.objects.find(value) or value
        if not rest or not isinstance(value, dict):
            return value
        tree = branch["hash"] if "hash" in branch else _tree(self._unit.contract, value)
        self.into(value, tree, rest)
        return value

    def _refusal(self) -> Exception:
        return invalid(f"This property cannot be expanded ({self._path}).", "expand")
