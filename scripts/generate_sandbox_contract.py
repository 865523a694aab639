"""Write billing/sandbox/contract.json from the source text of the installed `stripe` library.

The sandbox must refuse what Stripe refuses, so nothing in its contract is typed by hand:
  routes   from every `self._request("post", "/v1/...")` of the `*_service.py` files
  params   from the TypedDicts under stripe/params (NotRequired or required, types, enums)
  objects  from the annotations of the StripeObject classes (what may be null, what is expandable)
  events   from the Literal of `Event.type`

    python scripts/generate_sandbox_contract.py            # rewrite the file
    python scripts/generate_sandbox_contract.py --check    # exit 1 when it is out of date
"""

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
CONTRACT = ROOT / "billing" / "sandbox" / "contract.json"
sys.path.insert(0, str(ROOT))

from billing.sandbox.resources import ROUTES  # noqa: E402
from scripts.stripe_types import (  # noqa: E402
    ClassRef,
    Library,
    Type,
    any_of,
    is_class,
    is_enum,
    members,
)

BLANKS: dict[str, Any] = {"string": "", "integer": 0, "number": 0, "boolean": False, "decimal": "0"}


class Builder:
    """Turns the routes that the sandbox serves into its contract."""

    def __init__(self, library: Library, served: list[str]) -> None:
        self.library, self.served = library, served
        self.types: dict[str, Type] = {}

    def contract(self) -> dict[str, Any]:
        routes = {key: self._served_route(key) for key in sorted(self.served)}
        kinds = sorted(self._kinds(routes))
        events = self.library.fields(self.library.objects["event"])["type"][0]
        return {
            "versions": self.library.versions,
            "routes": routes,
            "types": dict(sorted(self.types.items())),
            "objects": {kind: self._blank_object(kind) for kind in kinds},
            "expandable": {kind: self._expandable(kind) for kind in kinds},
            "events": sorted(next(m["enum"] for m in members(events) if "enum" in m)),
        }

    def _served_route(self, key: str) -> dict[str, Any]:
        if key not in self.library.routes:
            raise SystemExit(f"the library has no route {key}")
        route = self.library.routes[key]
        returned = route.returns.get("list", route.returns)
        kind = self.library.object_names.get(returned["class"])
        params = self._param_class(route.params) if route.params else None
        return {"params": params, "returns": kind, "is_list": "list" in route.returns}

    def _param_class(self, ref: ClassRef) -> str:
        if ref.label not in self.types:
            self.types[ref.label] = {}
            fields = self.library.fields(ref)
            self.types[ref.label] = {
                "fields": {name: self._param(kind) for name, (kind, _) in fields.items()},
                "required": [name for name, (_, required) in fields.items() if required],
            }
        return ref.label

    def _param(self, kind: Type) -> Type:
        if isinstance(kind, str):
            return kind
        if is_class(kind):
            return {"hash": self._param_class(kind["class"])}
        for wrapper in ("array", "map"):
            if wrapper in kind:
                return {wrapper: self._param(kind[wrapper])}
        if "any_of" in kind:
            return any_of([self._param(member) for member in close_enums(kind["any_of"])])
        return kind

    def _kinds(self, routes: dict[str, Any]) -> set[str]:
        kinds = {route["returns"] for route in routes.values()} | {"plan", "line_item", "item"}
        return {kind for kind in kinds if kind} | {
            "balance_transaction", "discount", "event", "invoice_payment", "subscription_item",
        }  # fmt: skip

    def _blank_object(self, kind: str) -> dict[str, Any]:
        """The smallest object that conforms: null where it may be, neutral values elsewhere.

        Left out, as Stripe does: `deleted`, lists that come only by `expand`, and for a thing
        with a `type` the hashes of all the types (only its own is ever present).
        """
        fields = self.library.fields(self.library.objects[kind])
        own_type = fields.get("type", ("any", False))[0]
        types: list[str] = next((m["enum"] for m in members(own_type) if is_enum(m)), [])
        return {
            name: self._blank(value)
            for name, (value, _) in sorted(fields.items())
            if name != "deleted" and name not in types and not is_includable(value)
        }

    def _blank(self, kind: Type) -> Any:
        if "null" in members(kind):
            return None
        kind = members(kind)[0]
        if isinstance(kind, str):
            return BLANKS.get(kind, {})
        if is_class(kind):
            fields = self.library.fields(kind["class"])
            return {name: self._blank(value) for name, (value, _) in sorted(fields.items())}
        if "enum" in kind:
            return kind["enum"][0]
        if "list" in kind:
            return {"object": "list", "data": [], "has_more": False, "url": ""}
        return [] if "array" in kind else {}

    def _expandable(self, kind: str) -> dict[str, Any]:
        return self._branches(self.library.objects[kind], frozenset())

    def _branches(self, ref: ClassRef, above: frozenset[ClassRef]) -> dict[str, Any]:
        """Field to how it leads to another object; fields that lead nowhere are left out."""
        found = {}
        for name, (kind, _) in sorted(self.library.fields(ref).items()):
            branch = self._branch(kind, above | {ref})
            if branch is not None:
                found[name] = branch
        return found

    def _branch(self, kind: Type, above: frozenset[ClassRef]) -> Any:
        for member in members(kind):
            if isinstance(member, dict) and "list" in member:
                return {"list": self._list_of(member["list"])}
            if isinstance(member, dict) and "array" in member:
                return self._branch(member["array"], above)
            if is_class(member):
                name = self.library.object_names.get(member["class"])
                if name:
                    return {"ref" if "string" in members(kind) else "object": name}
                inner = {} if member["class"] in above else self._branches(member["class"], above)
                return {"hash": inner} if inner else None
        return None

    def _list_of(self, kind: Type) -> str:
        """The object that a list holds; "" when it may hold several kinds."""
        return self.library.object_names.get(kind["class"], "") if is_class(kind) else ""


def close_enums(parts: list[Type]) -> list[Type]:
    """`Literal["a", "b"] | str` is how the library leaves room; Stripe itself takes a or b only."""
    has_values = any(is_enum(part) and part["enum"] != [""] for part in parts)
    return [part for part in parts if not (has_values and part == "string")]


def is_includable(kind: Type) -> bool:
    """A list that may be null is there only when it is expanded."""
    return "null" in members(kind) and any(
        "list" in m for m in members(kind) if isinstance(m, dict)
    )


def generate() -> str:
    """The text of contract.json for the routes that the sandbox registers."""
    return to_text(Builder(Library(), list(ROUTES)).contract())


def to_text(contract: dict[str, Any]) -> str:
    """JSON with one line for each route, type and object, so that a diff can be read."""
    sections = []
    for section, content in contract.items():
        if isinstance(content, list):
            lines = [json.dumps(value) for value in content]
            sections.append(f'"{section}": [\n' + ",\n".join(lines) + "\n]")
        else:
            lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in content.items()]
            sections.append(f'"{section}": {{\n' + ",\n".join(lines) + "\n}")
    return "{\n" + ",\n".join(sections) + "\n}\n"


def main() -> int:
    text = generate()
    if "--check" in sys.argv:
        return int(text != CONTRACT.read_text(encoding="utf-8"))
    CONTRACT.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
