"""The OpenAPI 3.1 document, made from the declarations that check the calls."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from billing.errors import (
    BillingError,
    IdempotencyInFlight,
    IdempotencyMismatch,
    InvalidInput,
    NotAuthenticated,
    RateLimited,
    ScopeMissing,
    ServiceKeyRequired,
    Unavailable,
)
from billing.web.api.declaration import Operation, Repeat, Section, Who
from billing.web.api.documents import MAX_KEY_LENGTH
from billing.web.api.problems import ProblemDocument

REFERENCE = "#/components/schemas/{model}"
PROBLEM = {"$ref": REFERENCE.format(model=ProblemDocument.__name__)}
SECURITY = "apiKey"
# What the app refuses before a view is asked: a body that is too large, chunked or not JSON.
BODY_REFUSALS = {
    411: "length_required",
    413: "request_entity_too_large",
    415: "unsupported_media_type",
}
INTRODUCTION = """\
`Authorization: Bearer <key>`. A *user key* acts for its user. A *service key* acts for any user and
names one by `user`: the host's `external_id`, or Billhook's id.

Times are RFC 3339 UTC. Money is integer minor units plus `currency`. Lists are
`{"data": [...], "next_cursor": ...}`. A refusal is a problem document (RFC 9457); a program decides
by its `code`.

A POST may be sent again with the same `Idempotency-Key`: it gets the first answer, marked
`Idempotent-Replayed: true`, and changes nothing. Only successes are kept, for three days. Every
answer says what is left of the key's rate (`RateLimit`), and has an `X-Request-Id`.
"""


def describe(sections: Sequence[Section], *, title: str, server_url: str) -> dict[str, Any]:
    """Return the document.

    Args:
        sections: the declared routes.
        title: what the API is called.
        server_url: where the paths begin.
    """
    paths: dict[str, dict[str, Any]] = defaultdict(dict)
    operations = [each for section in sections for each in section.operations]
    schemas, refs = _schemas(operations)
    for section in sections:
        for operation in section.operations:
            path = operation.path.replace("<", "{").replace(">", "}")
            paths[path][operation.method.lower()] = _operation(section, operation, refs)
    return {
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {"title": title, "version": "1", "description": INTRODUCTION},
        "servers": [{"url": server_url}],
        "tags": [{"name": name} for name in dict.fromkeys(each.title for each in sections)],
        "paths": dict(paths),
        "components": {
            "schemas": schemas,
            "securitySchemes": {SECURITY: {"type": "http", "scheme": "bearer"}},
        },
    }


def _schemas(operations: Sequence[Operation]) -> tuple[dict[str, Any], dict[Any, Any]]:
    bodies = {each.body for each in operations if each.body is not None}
    answers = {each.answer for each in operations} | {ProblemDocument}
    wanted: list[tuple[type[BaseModel], Any]] = []
    wanted += [(model, "validation") for model in sorted(bodies, key=lambda m: m.__name__)]
    wanted += [(model, "serialization") for model in sorted(answers, key=lambda m: m.__name__)]
    refs, definitions = models_json_schema(wanted, ref_template=REFERENCE)
    return definitions["$defs"], refs


def _operation(section: Section, operation: Operation, refs: dict[Any, Any]) -> dict[str, Any]:
    summary, _, description = operation.documentation.partition("\n\n")
    document: dict[str, Any] = {
        "operationId": operation.name,
        "tags": [section.title],
        "summary": summary.replace("\n", " "),
        "description": description.replace("\n", " "),
        "security": [] if operation.rules.who == Who.ANYBODY else [{SECURITY: []}],
        "parameters": [*_path_parameters(operation), *_query(operation), *_headers(operation)],
        "responses": _responses(operation, refs),
    }
    if operation.body is not None:
        schema = refs[operation.body, "validation"]
        document["requestBody"] = {
            "required": any(field.is_required() for field in operation.body.model_fields.values()),
            "content": {"application/json": {"schema": schema}},
        }
    return document


def _path_parameters(operation: Operation) -> Iterable[dict[str, Any]]:
    for name in operation.path_parameters:
        yield {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string", "minLength": 1},
        }


def _query(operation: Operation) -> Iterable[dict[str, Any]]:
    if operation.query is None:
        return
    for name, schema in operation.query.model_json_schema()["properties"].items():
        description = schema.pop("description", None)
        parameter = {"name": name, "in": "query", "required": False, "schema": _optional(schema)}
        yield {**parameter, "description": description} if description else parameter


def _optional(schema: dict[str, Any]) -> dict[str, Any]:
    """Drop null from what is only left out: a query has no null."""
    choices = [each for each in schema.get("anyOf", []) if each != {"type": "null"}]
    return choices[0] if choices else schema


def _headers(operation: Operation) -> Iterable[dict[str, Any]]:
    if operation.rules.repeat != Repeat.NO_KEY:
        yield {
            "name": "Idempotency-Key",
            "in": "header",
            "required": False,
            "schema": {
                "type": "string",
                "minLength": 1,
                "maxLength": MAX_KEY_LENGTH,
                "pattern": "^[!-~]+$",
            },
        }


def _responses(operation: Operation, refs: dict[Any, Any]) -> dict[str, Any]:
    rules = operation.rules
    answer = {"application/json": {"schema": refs[operation.answer, "serialization"]}}
    done = {"description": "Done.", "content": answer}
    responses: dict[str, Any] = {str(status): done for status in (rules.status, *rules.also)}
    codes: dict[int, list[str]] = defaultdict(list)
    for error in (*_general_refusals(operation), *rules.raises):
        if error.code not in codes[error.status]:
            codes[error.status].append(error.code)
    if operation.body is not None:
        for status, code in BODY_REFUSALS.items():
            codes[status].append(code)
    for status in sorted(codes):
        responses[str(status)] = {
            "description": f"{HTTPStatus(status).phrase}: {', '.join(codes[status])}.",
            "content": {"application/problem+json": {"schema": PROBLEM}},
        }
    return responses


def _general_refusals(operation: Operation) -> Iterable[type[BillingError]]:
    rules = operation.rules
    yield Unavailable
    if rules.who != Who.ANYBODY:
        yield from (NotAuthenticated, ScopeMissing, RateLimited, InvalidInput)
    if rules.who.needs_service_key:
        yield ServiceKeyRequired
    if rules.repeat == Repeat.KEPT_ANSWER:
        yield from (IdempotencyMismatch, IdempotencyInFlight)
