"""Bodies and queries: what does not fit its model is a 422 that names each field, never a 500."""

from collections.abc import Sequence
from typing import Any, TypeVar

from flask import abort, request
from pydantic import ValidationError

from billing.errors import InvalidInput, Member
from billing.web.api.documents import Body, Query

BodyT = TypeVar("BodyT", bound=Body)
QueryT = TypeVar("QueryT", bound=Query)

MAX_PROBLEMS = 20


def parse_body(model: type[BodyT], *, max_bytes: int | None) -> BodyT:
    """Read the JSON body; an empty one counts as `{}`.

    Raises:
        InvalidInput: it is not JSON, or not what the model says; `errors` names each field.
    """
    if max_bytes is not None:
        request.max_content_length = max_bytes
    # By the length: a form was read before, for its fields to be counted.
    if request.content_length and request.mimetype != "application/json":
        abort(415, "The body must be JSON: Content-Type: application/json.")
    raw = request.get_data(cache=False)
    try:
        return model.model_validate_json(raw or b"{}")
    except ValidationError as error:
        raise _refusal(error, nowhere="body") from None


def parse_query(model: type[QueryT]) -> QueryT:
    """Read the query string; a doubled or an unknown parameter is refused.

    Raises:
        InvalidInput: it is not what the model says; `errors` names each parameter.
    """
    doubled = {name: "Give it once." for name, all_ in request.args.lists() if len(all_) > 1}
    if doubled:
        raise _invalid(doubled)
    try:
        return model.model_validate(request.args.to_dict())
    except ValidationError as error:
        raise _refusal(error, nowhere="query") from None


def _refusal(error: ValidationError, *, nowhere: str) -> InvalidInput:
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    found: dict[str, str] = {}
    for problem in problems[:MAX_PROBLEMS]:
        found.setdefault(_name(problem["loc"]) or nowhere, _sentence(problem["msg"]))
    return _invalid(found)


def _name(location: Sequence[Any]) -> str:
    # Pydantic names the branches of a union too, such as `function-after[_printable(), str]`.
    parts = [str(part) for part in location if not str(part).endswith(("]", "str", "int"))]
    return ".".join(parts)[:200].encode("utf-8", "replace").decode()


def _sentence(message: str) -> str:
    text = message.removeprefix("Value error, ").encode("utf-8", "replace").decode()
    return text[:1].upper() + text[1:]


def _invalid(problems: dict[str, str]) -> InvalidInput:
    errors: dict[str, Member] = dict(problems)
    names = ", ".join(problems)
    return InvalidInput(f"These could not be used: {names}.", errors=errors)
