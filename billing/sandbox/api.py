"""Stripe's HTTP API: authenticate, fail on purpose, find the route, check, run, expand, answer."""

import time
from collections.abc import Iterator

from flask import Blueprint, Response, current_app, jsonify, request

from billing.sandbox import clocks, errors, idempotency
from billing.sandbox.contract import Json
from billing.sandbox.encoding import decode
from billing.sandbox.engine import Engine
from billing.sandbox.errors import ApiError
from billing.sandbox.expansion import expand
from billing.sandbox.faults import Fault
from billing.sandbox.ids import new_id
from billing.sandbox.routing import Match, find_route
from billing.sandbox.unit import Unit

bp = Blueprint("api", __name__)
METHODS = ["GET", "POST", "DELETE", "PUT", "PATCH"]
_in_flight = idempotency.InFlight()


def engine() -> Engine:
    found: Engine = current_app.extensions["sandbox"]
    return found


def authenticate() -> str:
    """The account of the request's key: Bearer, or as the user of Basic authentication."""
    given = request.authorization
    key = given and (given.token if given.type == "bearer" else given.username)
    if not key:
        raise errors.missing_key()
    return engine().account_of(key)


@bp.route("/v1/<path:_rest>", methods=METHODS)
@bp.route("/v1", methods=METHODS)
@bp.route("/v1/", methods=METHODS)
def call(_rest: str = "") -> Response:
    request_id = new_id("request")
    key = request.headers.get("Idempotency-Key") if request.method == "POST" else None
    try:
        response = _Call(request_id, key).answer()
    except ApiError as error:
        response = jsonify(error.body())
        response.status_code = error.status
    response.headers["Request-Id"] = request_id
    version = request.headers.get("Stripe-Version") or engine().contract.api_version
    response.headers["Stripe-Version"] = version
    if key:
        response.headers["Idempotency-Key"] = key
    return response


class _Call:
    """One request on its way through."""

    def __init__(self, request_id: str, key: str | None) -> None:
        self._request_id, self._key = request_id, key
        self._engine = engine()

    def answer(self) -> Response:
        account = authenticate()
        path = request.path.rstrip("/")
        match = find_route(request.method, path)
        if match is None:
            raise errors.unrecognized_url(request.method, request.path)
        if self._key is not None and len(self._key) > idempotency.MAX_LENGTH:
            raise ApiError("Idempotency keys may have at most 255 characters.",
                           kind="idempotency_error")  # fmt: skip
        with _in_flight.hold(account, self._key):
            fault = self._engine.faults.take(account, f"{request.method} {path}")
            if fault and not fault.is_after and fault.kind != "slow":
                return fail(fault)
            if fault and fault.kind == "slow":
                time.sleep(fault.seconds)
            response = self._run(account, match)
            return fail(fault) if fault and fault.is_after else response

    def _run(self, account: str, match: Match) -> Response:
        raw = decode(_pairs())
        if request.method == "GET":
            with self._engine.view(account) as unit:
                return jsonify(self._work(unit, match, raw))
        mark = idempotency.fingerprint(f"{request.method} {request.path}", raw)
        options = {"request_id": self._request_id, "idempotency_key": self._key}
        with self._engine.unit(account, **options) as unit:
            stored = idempotency.find(unit, self._key, mark) if self._key else None
            if stored:
                response = jsonify(stored.body)
                response.status_code = stored.status
                response.headers["Idempotent-Replayed"] = "true"
                return response
            status, answer = self._done(unit, match, raw)
            if self._key:
                idempotency.remember(unit, self._key, mark, idempotency.Stored(status, answer))
        response = jsonify(answer)
        response.status_code = status
        return response

    def _done(self, unit: Unit, match: Match, raw: Json) -> tuple[int, Json]:
        """The answer; a refusal that keeps its work is an answer too."""
        try:
            return 200, self._work(unit, match, raw)
        except ApiError as error:
            if not error.is_kept:
                raise
            return error.status, error.body()

    def _work(self, unit: Unit, match: Match, raw: Json) -> Json:
        route = self._engine.contract.route(match.key)
        params = self._engine.validator.params(route["params"], raw)
        paths = params.pop("expand", None) or []
        clocks.enter_for_call(unit, match.ids, params, writes=request.method != "GET")
        return expand(unit, match.handler(unit, params, *match.ids), paths)


def _pairs() -> list[tuple[str, str]]:
    body = request.form.items(multi=True)
    if request.method != "GET" and request.data:
        raise ApiError(
            "Invalid request (check that your POST content type is "
            "application/x-www-form-urlencoded)."
        )
    return [*request.args.items(multi=True), *body]


def fail(fault: Fault) -> Response:
    """Answer as a broken Stripe, or as a broken network, would."""
    if fault.kind == "timeout":
        time.sleep(fault.seconds)
    if fault.kind == "reset":
        return Response(_cut_off(), headers={"Content-Length": "1000"})
    if fault.kind == "html":
        page = "<html><body><h1>502 Bad Gateway</h1></body></html>"
        return Response(page, status=502, content_type="text/html")
    kinds = {429: ("rate_limit_error", "rate_limit"), 401: ("invalid_request_error", None)}
    kind, code = kinds.get(fault.status, ("api_error", None))
    message = "An error occurred on purpose: this sandbox was told to fail."
    raise ApiError(message, status=fault.status, kind=kind, code=code)


def _cut_off() -> Iterator[bytes]:
    """The connection breaks in the middle of the answer."""
    yield b"{"
    raise ConnectionResetError("this sandbox was told to break the connection")
