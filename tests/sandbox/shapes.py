"""Does an answer look as the stripe library's own classes say? Nothing here is listed by hand."""

import re
from typing import Any

from scripts.stripe_types import ClassRef, Library, members

_DECIMAL = re.compile(r"^-?\d+(\.\d+)?$")
_PLAIN: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}


class Shapes:
    """Checks API objects, lists and events against the annotated classes."""

    def __init__(self) -> None:
        self._library = Library()

    def problems(self, body: Any) -> list[str]:
        """What is wrong with an object, by its own `object` field."""
        if body["object"] == "list":
            found = self._list(body, "any", "")
            return found + [p for item in body["data"] for p in self.problems(item)]
        found = self._object(body, self._library.objects[body["object"]], body["object"])
        if body["object"] == "event":
            found += self.problems(body["data"]["object"])
            if body["type"].endswith(".updated") and "previous_attributes" not in body["data"]:
                found.append(f"{body['type']}: previous_attributes is missing")
        return found

    def _object(self, body: Any, ref: ClassRef, path: str) -> list[str]:
        if not isinstance(body, dict):
            return [f"{path}: expected a hash, got {body!r}"]
        fields = self._library.fields(ref)
        if body.get("deleted"):
            return [f"{path}.{name} is missing" for name in ("id", "object") if name not in body]
        unknown = [f"{path}.{name} is unknown" for name in body if name not in fields]
        missing = [
            f"{path}.{name} is missing"
            for name, (kind, _) in fields.items()
            if name not in body and "null" not in members(kind) and kind != "any"
        ]
        wrong = [
            problem
            for name, value in body.items()
            if name in fields
            for problem in self._value(value, fields[name][0], f"{path}.{name}")
        ]
        return unknown + missing + wrong

    def _value(self, value: Any, kind: Any, path: str) -> list[str]:
        attempts = [self._one(value, member, path) for member in members(kind)]
        closed = [m["enum"] for m in members(kind) if isinstance(m, dict) and "enum" in m]
        if closed and isinstance(value, str) and not any(value in values for values in closed):
            return [f"{path}: {value!r} is not one of {closed[0][:8]}"]
        # The closest member tells best what is wrong.
        return min(attempts, key=len)

    def _one(self, value: Any, kind: Any, path: str) -> list[str]:
        wrong = [f"{path}: {value!r} is not {kind}"]
        if isinstance(kind, str):
            return [] if _is_plain(value, kind) else wrong
        if "enum" in kind:
            return [] if value in kind["enum"] else wrong
        if "class" in kind:
            return self._object(value, kind["class"], path) if isinstance(value, dict) else wrong
        if "list" in kind:
            return self._list(value, kind["list"], path)
        if "array" in kind and isinstance(value, list):
            return [p for item in value for p in self._value(item, kind["array"], f"{path}[]")]
        if "map" in kind and isinstance(value, dict):
            return [p for item in value.values() for p in self._value(item, kind["map"], path)]
        return wrong

    def _list(self, value: Any, kind: Any, path: str) -> list[str]:
        if not isinstance(value, dict) or value.get("object") != "list":
            return [f"{path}: {value!r} is not a list object"]
        shape = {"data": list, "has_more": bool, "url": str}
        found = [
            f"{path}.{name} is wrong"
            for name, expected in shape.items()
            if not isinstance(value.get(name), expected)
        ]
        return found + [p for item in value["data"] for p in self._value(item, kind, f"{path}[]")]


def _is_plain(value: Any, kind: str) -> bool:
    if kind == "any":
        return True
    if kind == "decimal":
        return isinstance(value, str) and _DECIMAL.match(value) is not None
    is_flag = isinstance(value, bool) and kind != "boolean"
    return isinstance(value, _PLAIN[kind]) and not is_flag
