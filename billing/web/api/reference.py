"""The OpenAPI document as the reference page reads it: sections, operations, fields."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

CODE = re.compile(r"`([^`]+)`")
STRESSED = re.compile(r"\*([^*]+)\*")


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a body, a query or an answer; `depth` says inside of how many others."""

    name: str
    type: str
    is_required: bool
    description: str
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """One status that a call may get."""

    status: str
    description: str


@dataclass(frozen=True, slots=True)
class OperationReference:
    """All that a caller needs to know of one route."""

    id: str
    method: str
    path: str
    summary: str
    description: str
    needs_key: bool
    parameters: tuple[Field, ...]
    body: tuple[Field, ...]
    answer: tuple[Field, ...]
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True)
class SectionReference:
    """Routes about one noun."""

    title: str
    operations: tuple[OperationReference, ...]


def list_sections(document: Mapping[str, Any]) -> list[SectionReference]:
    """Return the document's routes by tag, in their order."""
    schemas = document["components"]["schemas"]
    found: dict[str, list[OperationReference]] = {tag["name"]: [] for tag in document["tags"]}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            found[operation["tags"][0]].append(_operation(method, path, operation, schemas))
    return [SectionReference(title, tuple(each)) for title, each in found.items()]


def _operation(
    method: str, path: str, operation: Mapping[str, Any], schemas: Mapping[str, Any]
) -> OperationReference:
    responses = operation["responses"]
    done = next(each for status, each in responses.items() if status.startswith("2"))
    return OperationReference(
        id=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=operation["summary"],
        description=operation["description"],
        needs_key=bool(operation["security"]),
        parameters=tuple(_parameter(each) for each in operation["parameters"]),
        body=tuple(_fields(_content(operation.get("requestBody", {})), schemas)),
        answer=tuple(_fields(_content(done), schemas)),
        outcomes=tuple(Outcome(status, each["description"]) for status, each in responses.items()),
    )


def _content(holder: Mapping[str, Any]) -> Mapping[str, Any]:
    schema: Mapping[str, Any] = holder.get("content", {}).get("application/json", {}).get("schema")
    return schema or {}


def _parameter(parameter: Mapping[str, Any]) -> Field:
    return Field(
        name=f"{parameter['name']} ({parameter['in']})",
        type=_type(parameter["schema"]),
        is_required=parameter["required"],
        description=parameter.get("description", ""),
    )


def _fields(
    schema: Mapping[str, Any], schemas: Mapping[str, Any], depth: int = 0
) -> Iterable[Field]:
    """Yield the fields of an object, and after each those of what it holds."""
    model = _resolve(schema, schemas)
    required = model.get("required", [])
    for name, each in model.get("properties", {}).items():
        description = each.get("description", "")
        yield Field(name, _type(each), name in required, description, depth)
        for inner in _inner(each):
            yield from _fields(inner, schemas, depth + 1)


def _resolve(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = schema.get("$ref")
    return schemas[reference.rpartition("/")[2]] if reference else schema


def _inner(schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    choices = [schema, schema.get("items", {}), *schema.get("anyOf", [])]
    return [each for each in choices if "$ref" in each]


def _type(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return "object"
    if "anyOf" in schema:
        kinds = [_type(each) for each in schema["anyOf"]]
        return " or ".join(dict.fromkeys(kinds))
    if "enum" in schema:
        return " or ".join(f'"{value}"' for value in schema["enum"])
    kind = str(schema.get("type", "any"))
    if kind == "array":
        return f"list of {_type(schema['items'])}"
    return str(schema.get("format", kind))


def marked(text: str) -> Markup:
    """Return text of the document, in which Markdown marks `code` and *terms*, as HTML."""
    with_code = CODE.sub(r"<code>\1</code>", str(escape(text)))
    return Markup(STRESSED.sub(r"<em>\1</em>", with_code))  # noqa: S704 - escaped above
