"""Check a decoded request against the contract and give its values their types."""

import difflib
import re
from collections.abc import Callable
from typing import Any

from billing.sandbox.contract import Contract, Json
from billing.sandbox.encoding import child
from billing.sandbox.errors import ApiError, invalid, parameter_missing

UNSET = {"enum": [""]}
_NUMBER = re.compile(r"^-?\d+(\.\d+)?$")
_SCALARS: dict[str, tuple[re.Pattern[str], Callable[[str], Any]]] = {
    "boolean": (re.compile("^(true|false)$"), "true".__eq__),
    "decimal": (_NUMBER, str),
    "integer": (re.compile(r"^-?\d+$"), int),
    "number": (_NUMBER, float),
    "string": (re.compile("", re.DOTALL), str),
}
_GONE = {"payment_method_types": "allowed_payment_method_types"}


class Validator:
    """Refuses what Stripe refuses: unknown, misspelt, missing or ill-typed parameters."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract

    def params(self, type_name: str | None, raw: Json) -> Json:
        if type_name is None:
            self._refuse_unknown({}, raw, "")
            return {}
        return self._hash(type_name, raw, "")

    def _hash(self, type_name: str, raw: Json, path: str) -> Json:
        spec = self._contract.fields(type_name)
        self._refuse_unknown(spec["fields"], raw, path)
        typed = {
            name: self._value(spec["fields"][name], value, child(path, name))
            for name, value in raw.items()
        }
        for name in spec["required"]:
            if name not in typed:
                raise parameter_missing(child(path, name))
        return typed

    def _refuse_unknown(self, fields: Json, raw: Json, path: str) -> None:
        unknown = [name for name in raw if name not in fields]
        if not unknown:
            return
        names = [child(path, name) for name in unknown]
        plural = "s" if len(names) > 1 else ""
        message = f"Received unknown parameter{plural}: {', '.join(names)}"
        near = [_GONE[unknown[0]]] if _GONE.get(unknown[0]) in fields else []
        near = near or difflib.get_close_matches(unknown[0], fields, 1, 0.75)
        if near:
            message += f". Did you mean {near[0]}?"
        raise ApiError(message, code="parameter_unknown", param=names[0])

    def _value(self, kind: Any, value: Any, path: str) -> Any:
        if isinstance(kind, str):
            return _scalar(kind, value, path)
        if "any_of" in kind:
            return self._any_of(kind["any_of"], value, path)
        if "enum" in kind:
            return _enum(kind["enum"], value, path)
        if value == "":
            raise _empty(path)
        if not isinstance(value, dict):
            raise invalid("Invalid array" if "array" in kind else "Invalid object", path)
        if "array" in kind:
            return self._array(kind["array"], value, path)
        if "map" in kind:
            return {key: self._map_value(kind["map"], item, child(path, key))
                    for key, item in value.items()}  # fmt: skip
        return self._hash(kind["hash"], value, path)

    def _array(self, kind: Any, value: Json, path: str) -> list[Any]:
        if not all(key.isdigit() for key in value):
            raise invalid("Invalid array", path)
        ordered = [value[key] for key in sorted(value, key=int)]
        return [self._value(kind, item, child(path, i)) for i, item in enumerate(ordered)]

    def _map_value(self, kind: Any, value: Any, path: str) -> Any:
        # metadata[key]="" unsets that key
        return "" if value == "" else self._value(kind, value, path)

    def _any_of(self, kinds: list[Any], value: Any, path: str) -> Any:
        if value == "" and UNSET in kinds:
            return ""
        refusal: ApiError | None = None
        for kind in sorted((k for k in kinds if k != UNSET), key=_preference(value)):
            try:
                return self._value(kind, value, path)
            except ApiError as error:
                refusal = refusal or error
        raise refusal or _empty(path)


def _preference(value: Any) -> Any:
    """Try the member whose shape is that of the value first: its error is the helpful one."""
    is_list = isinstance(value, dict) and all(key.isdigit() for key in value)

    def rank(kind: Any) -> int:
        if isinstance(kind, dict) and "array" in kind:
            return 0 if is_list else 3
        if isinstance(kind, dict) and ("hash" in kind or "map" in kind):
            return 1 if isinstance(value, dict) else 4
        return 3 if kind == "string" else 2

    return rank


def _scalar(kind: str, value: Any, path: str) -> Any:
    if kind == "any":
        return value
    if isinstance(value, dict):
        raise invalid(f"Invalid {kind}: {value}", path)
    if value == "":
        raise _empty(path)
    pattern, convert = _SCALARS[kind]
    if not pattern.match(value):
        code = "parameter_invalid_integer" if kind == "integer" else None
        raise invalid(f"Invalid {kind}: {value}", path, code)
    return convert(value)


def _enum(allowed: list[Any], value: Any, path: str) -> Any:
    for choice in allowed:
        if value == (str(choice).lower() if isinstance(choice, bool) else choice):
            return choice
    shown = [str(choice) for choice in allowed]
    listed = shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])}, or {shown[-1]}"
    name = next(part for part in reversed(re.findall(r"[^\[\]]+", path)) if not part.isdigit())
    raise invalid(f"Invalid {name}: must be {'one of ' * (len(shown) > 1)}{listed}", path)


def _empty(path: str) -> ApiError:
    return invalid(
        f"You passed an empty string for '{path}'. We assume empty values are an attempt to unset "
        f"a parameter; however '{path}' cannot be unset. You should remove '{path}' from your "
        "request or supply a non-empty value.",
        path,
        "parameter_invalid_empty",
    )
