"""One call of the API: key, rate, scope, body, idempotency key, view, answer; in this order."""

import json
from typing import Any

from flask import Blueprint, Response, request
from pydantic import BaseModel
from structlog.contextvars import bind_contextvars

from billing.domain.secrets import fingerprint
from billing.errors import (
    InvalidInput,
    NotAuthenticated,
    PaymentRequired,
    ScopeMissing,
    ServiceKeyRequired,
)
from billing.services import api_access, idempotency
from billing.services.api_access import Access
from billing.services.idempotency import KeptAnswer, KeyedRequest
from billing.web.api import rate_limit
from billing.web.api.call import REPLAYED, Call
from billing.web.api.declaration import Operation, Repeat, Section, Who
from billing.web.api.documents import MAX_KEY_LENGTH, MAX_REFERENCE_LENGTH
from billing.web.api.parsing import parse_body, parse_query
from billing.web.links import external_url

BEARER = "bearer "


def register(bp: Blueprint, sections: list[Section]) -> None:
    """Give each declared route its rule; every answer of the blueprint says what rate is left."""
    for section in sections:
        for operation in section.operations:
            bp.add_url_rule(
                operation.path,
                endpoint=operation.name,
                view_func=_view_of(operation),
                methods=[operation.method],
            )
    bp.after_request(rate_limit.add_headers)


def _view_of(operation: Operation) -> Any:
    def _run(**path: str) -> Response:
        return run(operation, path)

    return _run


def run(operation: Operation, path: dict[str, str]) -> Response:
    """Answer one call; what is wrong with it is raised and rendered by the app's error pages."""
    rate_limit.begin()
    models, problem = _parse(operation)
    if operation.rules.who == Who.ANYBODY:
        if problem is not None:
            raise problem
        return _respond(_kept(operation.rules.status, operation.view(**models)), is_replay=False)
    access = _enter(operation, _reference(models, path))
    if problem is not None:
        raise problem
    call = Call(access, _idempotency_key(operation))
    if operation.rules.who.needs_user:
        _ = call.user_id
    path.pop("user", None)
    try:
        return _answer(operation, call, {**models, **path})
    except PaymentRequired as error:
        error.members["pricing_url"] = external_url("pricing.index")
        raise


def _parse(operation: Operation) -> tuple[dict[str, BaseModel], InvalidInput | None]:
    """Read body and query; who sent them is asked before anything is said about them."""
    try:
        models: dict[str, BaseModel] = {}
        if operation.query is not None:
            models["query"] = parse_query(operation.query)
        if operation.body is not None:
            models["body"] = parse_body(operation.body, max_bytes=operation.rules.max_body_bytes)
    except InvalidInput as problem:
        return {}, problem
    return models, None


def _reference(models: dict[str, BaseModel], path: dict[str, str]) -> str | None:
    named = [getattr(model, "user", None) for model in models.values()]
    found = next((each for each in [path.get("user"), *named] if each is not None), None)
    return None if found is None else str(found)


def _enter(operation: Operation, reference: str | None) -> Access:
    rules = operation.rules
    if reference is not None and not _is_plausible(reference):
        reference = ""
    access = api_access.authenticate(_bearer_key(), reference=reference)
    bind_contextvars(api_key_id=access.key_id, user_id=access.user_id)
    rate_limit.count(access)
    scope = "read" if operation.method == "GET" else "write"
    if scope not in access.scopes:
        raise ScopeMissing(f"This key lacks the scope {scope!r}.", scope=scope)
    if rules.who.needs_service_key and not access.is_service:
        raise ServiceKeyRequired("Only a service key may do this.")
    if reference is not None:
        api_access.require_user(access, reference)
    return access


def _is_plausible(reference: str) -> bool:
    return len(reference) <= MAX_REFERENCE_LENGTH and reference.isprintable()


def _bearer_key() -> str:
    header = request.headers.get("Authorization", "")
    if not header.lower().startswith(BEARER):
        raise NotAuthenticated("Send the API key as `Authorization: Bearer <key>`.")
    return header[len(BEARER) :]


def _idempotency_key(operation: Operation) -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is None or operation.rules.repeat == Repeat.NO_KEY:
        return None
    if not (0 < len(key) <= MAX_KEY_LENGTH and key.isascii() and key.isprintable()):
        problem = f"The key must have 1 to {MAX_KEY_LENGTH} printable ASCII characters."
        raise InvalidInput(problem, errors={"Idempotency-Key": problem})
    return key


def _answer(operation: Operation, call: Call, arguments: dict[str, Any]) -> Response:
    if call.idempotency_key is None or operation.rules.repeat != Repeat.KEPT_ANSWER:
        return _respond(_work(operation, call, arguments), is_replay=call.is_replay)
    keyed = KeyedRequest(
        call.access.owner, call.idempotency_key, _fingerprint(operation, call, arguments)
    )
    kept, is_replay = idempotency.once(keyed, lambda: _work(operation, call, arguments))
    return _respond(kept, is_replay=is_replay)


def _work(operation: Operation, call: Call, arguments: dict[str, Any]) -> KeptAnswer:
    document = operation.view(call, **arguments)
    return _kept(call.status or operation.rules.status, document)


def _kept(status: int, document: BaseModel) -> KeptAnswer:
    return KeptAnswer(status, document.model_dump_json())


def _respond(answer: KeptAnswer, *, is_replay: bool) -> Response:
    response = Response(answer.body, status=answer.status, mimetype="application/json")
    if is_replay:
        response.headers[REPLAYED] = "true"
    return response


def _fingerprint(operation: Operation, call: Call, arguments: dict[str, Any]) -> str:
    """Tell one request from another: the route, the user, and all that was sent."""
    sent = {
        name: each.model_dump(mode="json") if isinstance(each, BaseModel) else each
        for name, each in arguments.items()
    }
    said = [operation.name, call.access.user_id, sent]
    return fingerprint(json.dumps(said, sort_keys=True))
