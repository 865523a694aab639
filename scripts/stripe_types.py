"""The installed `stripe` library as its source says it: routes, parameters, objects.

The source is parsed and never imported: its neighbours are imported only under TYPE_CHECKING.
"""

import ast
import importlib.util
import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

PRIMITIVES = {
    "str": "string", "int": "integer", "float": "number", "bool": "boolean",
    "Decimal": "decimal", "None": "null",
}  # fmt: skip
UNIONS = {"Optional": ["null"], "Union": [], "ExpandableField": ["string"]}
WRAPPERS = {
    "List": "array", "Sequence": "array", "list": "array",
    "Dict": "map", "Mapping": "map", "dict": "map", "UntypedStripeObject": "map",
    "ListObject": "list", "SearchResultObject": "list",
}  # fmt: skip
NOT_FIELDS = {"TypedDict", "StripeObject", "RequestOptions"}

Type = Any  # a JSON value: "string", {"enum": [...]}, {"array": T}, {"any_of": [T, ...]}, ...


class ClassRef(NamedTuple):
    """A class of the library: dotted module and qualified name."""

    module: str
    name: str

    @property
    def label(self) -> str:
        package = self.module.removeprefix("stripe.").removeprefix("params.").rpartition(".")[0]
        return f"{package}.{self.name}" if package else self.name


class Route(NamedTuple):
    """One call of the library: verb and path template, its parameters and its result."""

    params: ClassRef | None
    returns: Type


class Module:
    """One source file: its classes by qualified name and where its other names come from."""

    def __init__(self, path: Path) -> None:
        self.tree = ast.parse(path.read_text(encoding="utf-8"))
        self.classes: dict[str, ast.ClassDef] = {}
        self.functional: dict[str, dict[str, ast.expr]] = {}
        self.imports: dict[str, ClassRef] = {}
        self._scan(self.tree.body)

    def _scan(self, body: list[ast.stmt]) -> None:
        for node in body:
            if isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    self.imports[alias.asname or alias.name] = ClassRef(node.module, alias.name)
            elif isinstance(node, ast.If):
                self._scan(node.body)
                self._scan(node.orelse)
            elif isinstance(node, ast.ClassDef):
                self._add_class(node, "")
            elif isinstance(node, ast.Assign):
                self._add_functional(node)

    def _add_class(self, node: ast.ClassDef, prefix: str) -> None:
        self.classes[prefix + node.name] = node
        for inner in node.body:
            if isinstance(inner, ast.ClassDef):
                self._add_class(inner, f"{prefix}{node.name}.")

    def _add_functional(self, node: ast.Assign) -> None:
        """`X = TypedDict("X", {"from": ...})`, used where a key is a Python keyword."""
        call, target = node.value, node.targets[0]
        if not (isinstance(call, ast.Call) and ast.unparse(call.func) == "TypedDict"):
            return
        table = call.args[1]
        if isinstance(target, ast.Name) and isinstance(table, ast.Dict):
            self.functional[target.id] = {
                ast.literal_eval(key): value
                for key, value in zip(table.keys, table.values, strict=True)
                if key is not None
            }


class Library:
    """The installed `stripe` package, read lazily."""

    def __init__(self) -> None:
        spec = importlib.util.find_spec("stripe")
        if spec is None or spec.origin is None:
            raise SystemExit("stripe is not installed")
        self.root = Path(spec.origin).parent
        self._modules: dict[str, Module] = {}
        self._fields: dict[ClassRef, dict[str, tuple[Type, bool]]] = {}

    def module(self, name: str) -> Module:
        if name not in self._modules:
            path = self.root.joinpath(*name.split(".")[1:])
            source = path.with_suffix(".py")
            self._modules[name] = Module(source if source.exists() else path / "__init__.py")
        return self._modules[name]

    def find(self, module: str, scope: str, dotted: str) -> ClassRef | None:
        """The class that a name means inside `module` and class `scope`."""
        here, outer = self.module(module), scope.split(".") if scope else []
        for depth in range(len(outer), -1, -1):
            name = ".".join([*outer[:depth], dotted])
            if name in here.classes or name in here.functional:
                return ClassRef(module, name)
        head, _, rest = dotted.partition(".")
        target = here.imports.get(head)
        if target is None or not target.module.startswith("stripe"):
            return None
        return self.find(target.module, "", f"{target.name}.{rest}" if rest else target.name)

    def resolve(self, node: ast.expr, at: ClassRef) -> Type:
        """The type that an annotation means, as JSON."""
        if isinstance(node, ast.Constant):
            if isinstance(node.value, str):
                return self.resolve(ast.parse(node.value, mode="eval").body, at)
            return "null" if node.value is None else "any"
        if isinstance(node, ast.BinOp):
            return any_of([self.resolve(node.left, at), self.resolve(node.right, at)])
        if isinstance(node, ast.Subscript):
            return self._resolve_generic(node, at)
        name = ast.unparse(node)
        if name in PRIMITIVES:
            return PRIMITIVES[name]
        target = self.find(at.module, at.name, name)
        return {"class": target} if target else "any"

    def _resolve_generic(self, node: ast.Subscript, at: ClassRef) -> Type:
        name = ast.unparse(node.value).rpartition(".")[2]
        inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if name == "Literal":
            return {"enum": [ast.literal_eval(value) for value in inner]}
        parts = [self.resolve(value, at) for value in inner]
        if name in UNIONS:
            return any_of([*UNIONS[name], *parts])
        if name in WRAPPERS:
            return {WRAPPERS[name]: parts[-1]}
        return parts[0] if name in ("NotRequired", "Required") else "any"

    def fields(self, ref: ClassRef) -> dict[str, tuple[Type, bool]]:
        """Name to (type, whether the key is required) of a TypedDict or a StripeObject."""
        if ref not in self._fields:
            self._fields[ref] = dict(self._read_fields(ref))
        return self._fields[ref]

    def _read_fields(self, ref: ClassRef) -> Iterator[tuple[str, tuple[Type, bool]]]:
        module = self.module(ref.module)
        if ref.name in module.functional:
            for name, node in module.functional[ref.name].items():
                yield name, (self.resolve(node, ref), not _is(node, "NotRequired"))
            return
        cls, renamed = module.classes[ref.name], self._renamed(ref)
        for base in cls.bases:
            name = ast.unparse(base.value if isinstance(base, ast.Subscript) else base)
            parent = None if name in NOT_FIELDS else self.find(ref.module, "", name)
            if parent:
                yield from self.fields(parent).items()
        for member in cls.body:
            if not (isinstance(member, ast.AnnAssign) and isinstance(member.target, ast.Name)):
                continue
            name, annotation = member.target.id, member.annotation
            if not name.startswith("_") and not _is(annotation, "ClassVar"):
                required = not _is(annotation, "NotRequired")
                yield renamed.get(name, name), (self.resolve(annotation, ref), required)

    def _renamed(self, ref: ClassRef) -> dict[str, str]:
        for node in self.module(ref.module).classes[ref.name].body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "_field_remappings":
                return dict(ast.literal_eval(node.value))
        return {}

    @cached_property
    def objects(self) -> dict[str, ClassRef]:
        """Object name ("checkout.session") to its class, from `_object_classes.py`."""
        found: dict[str, ClassRef] = {}
        for node in ast.walk(self.module("stripe._object_classes").tree):
            if isinstance(node, ast.Dict):
                for key, value in zip(node.keys, node.values, strict=True):
                    if isinstance(key, ast.Constant) and isinstance(value, ast.Tuple):
                        found.setdefault(str(key.value), ClassRef(*ast.literal_eval(value)))
        return found

    @cached_property
    def object_names(self) -> dict[ClassRef, str]:
        return {ref: name for name, ref in self.objects.items()}

    @cached_property
    def routes(self) -> dict[str, Route]:
        """ "POST /v1/customers" to what it takes and answers."""
        found: dict[str, Route] = {}
        for path in sorted(self.root.rglob("*_service.py")):
            relative = path.relative_to(self.root.parent).with_suffix("")
            module = ".".join(relative.parts)
            for cls in self.module(module).classes.values():
                for function in cls.body:
                    if isinstance(function, ast.FunctionDef):
                        found.update(self._route(function, module))
        return found

    def _route(self, function: ast.FunctionDef, module: str) -> Iterator[tuple[str, Route]]:
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "self._request":
                verb, path = node.args[0], node.args[1]
                if isinstance(path, ast.Call) and isinstance(path.func, ast.Attribute):
                    path = path.func.value
                at, params = ClassRef(module, ""), None
                for argument in function.args.args:
                    if argument.arg == "params" and argument.annotation:
                        kind = self.resolve(argument.annotation, at)
                        params = next((m["class"] for m in members(kind) if is_class(m)), None)
                returns = self.resolve(function.returns, at) if function.returns else "any"
                key = f"{ast.literal_eval(verb).upper()} {ast.literal_eval(path)}"
                yield key, Route(params, returns)

    @property
    def versions(self) -> dict[str, str]:
        library = (self.root / "_version.py").read_text(encoding="utf-8")
        api = (self.root / "_api_version.py").read_text(encoding="utf-8")
        return {
            "library": re.findall(r'"(.+?)"', library)[0],
            "api": re.findall(r'CURRENT = "(.+?)"', api)[0],
        }


def any_of(parts: list[Type]) -> Type:
    """One type out of several, flat and without repeats."""
    flat: list[Type] = []
    for part in parts:
        for member in members(part):
            if member not in flat:
                flat.append(member)
    return flat[0] if len(flat) == 1 else {"any_of": flat}


def members(kind: Type) -> list[Type]:
    return kind["any_of"] if isinstance(kind, dict) and "any_of" in kind else [kind]


def is_class(kind: Type) -> bool:
    return isinstance(kind, dict) and "class" in kind


def is_enum(kind: Type) -> bool:
    return isinstance(kind, dict) and "enum" in kind


def _is(node: ast.expr, generic: str) -> bool:
    return isinstance(node, ast.Subscript) and ast.unparse(node.value).endswith(generic)
