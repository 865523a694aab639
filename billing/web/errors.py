"""The one renderer of refusals and failures: a page in the site's frame, or RFC 9457 by path.

A refusal (`BillingError`, an HTTP error) is logged at info, a failure at error with its traceback.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

import structlog
from flask import Flask, current_app, g, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from jinja2 import Template
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from billing import clock
from billing.errors import BillingError, Member
from billing.messages import Message
from billing.web import language, shell
from billing.web.language import translate

log = structlog.get_logger(__name__)

PROBLEM_PATHS = ("/api/", "/webhooks/", "/metrics")
RETRY_AFTER_SECONDS = 30
# Where the framework has only its own words: a title and a detail.
WORDS = {
    400: (Message("Bad request"), Message("The request could not be read.")),
    403: (Message("Forbidden"), Message("You do not have access to this.")),
    404: (Message("Page not found"), Message("There is nothing at this address.")),
    405: (Message("Method not allowed"), Message("This address does not take this method.")),
    413: (Message("Too large"), Message("This is larger than what is taken here.")),
}
# The connection's answer already has its own; a page's type and length are not a problem's.
BODY_HEADERS = {"content-type", "content-length"}


@dataclass(frozen=True)
class Problem:
    """What went wrong, as a page or a problem document says it."""

    status: int
    code: str
    title: str
    detail: str
    members: dict[str, Member] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)


def init_app(app: Flask) -> None:
    """Render every error of the app."""
    app.register_error_handler(BillingError, refuse)
    app.register_error_handler(HTTPException, answer_http_error)
    app.register_error_handler(OperationalError, answer_database_failure)
    app.register_error_handler(PoolTimeout, answer_database_failure)
    app.register_error_handler(Exception, answer_failure)


def refuse(error: BillingError) -> ResponseReturnValue:
    """Answer a rule that was broken."""
    headers = {}
    retry_after = error.members.get("retry_after_seconds")
    if retry_after is not None or error.status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = str(retry_after or RETRY_AFTER_SECONDS)
    if error.status == HTTPStatus.UNAUTHORIZED and _wants_problem():
        headers["WWW-Authenticate"] = 'Bearer realm="billing"'
    return show(
        Problem(error.status, error.code, error.title, error.detail, error.members, headers)
    )


def answer_http_error(error: HTTPException) -> ResponseReturnValue:
    """Answer what Flask or Werkzeug refused, keeping headers such as Allow and Retry-After."""
    if error.response is not None or error.code is None:
        return error.get_response()
    headers = {
        name: value for name, value in error.get_headers() if name.lower() not in BODY_HEADERS
    }
    code = HTTPStatus(error.code).name.lower()
    detail = error.description or ""
    title, own_detail = WORDS.get(error.code, (error.name, detail))
    if detail == type(error).description:
        detail = own_detail
    return show(Problem(error.code, code, title, detail, headers=headers))


def answer_database_failure(error: OperationalError | PoolTimeout) -> ResponseReturnValue:
    """Answer a database that is away or busy beyond its timeout."""
    log.error("database.unavailable", exc_info=error)
    return _render(
        Problem(
            503,
            "unavailable",
            Message("The service is unavailable"),
            Message("The database did not answer. Try again in a minute."),
            headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
        )
    )


def answer_failure(error: Exception) -> ResponseReturnValue:
    """Answer a mistake of ours; nothing of it reaches the reader but its request id."""
    if current_app.testing or current_app.debug:
        raise error
    log.error("request.failed", exc_info=error)
    return _render(
        Problem(
            500,
            "internal_error",
            Message("There is a problem with the service"),
            Message("The request could not be finished. The request id leads us to the cause."),
        )
    )


def show(problem: Problem) -> ResponseReturnValue:
    """Answer a refusal: log it, and send a page, a problem document or the way to the log-in."""
    log.info("request.refused", status=problem.status, code=problem.code, detail=problem.detail)
    if problem.status == HTTPStatus.UNAUTHORIZED and not _wants_problem():
        return redirect(url_for("auth.login", next=_way_back()), 303)
    return _render(problem)


def _render(problem: Problem) -> ResponseReturnValue:
    response = _problem_document(problem) if _wants_problem() else _page(problem)
    response.status_code = problem.status
    response.headers.extend(problem.headers)
    return response


def _wants_problem() -> bool:
    return request.path.startswith(PROBLEM_PATHS)


def _way_back() -> str | None:
    """Return the path to come back to after log-in; a form's own address only takes POST."""
    return request.full_path.rstrip("?") if request.method in {"GET", "HEAD"} else None


def _problem_document(problem: Problem) -> Response:
    document: dict[str, Any] = {
        **problem.members,
        "type": f"urn:billhook:problem:{problem.code}",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "code": problem.code,
        "request_id": g.get("request_id"),
    }
    response = jsonify(document)
    response.mimetype = "application/problem+json"
    return response


def _try_again_at(problem: Problem) -> datetime | None:
    seconds = problem.headers.get("Retry-After", "")
    return clock.now() + timedelta(seconds=int(seconds)) if seconds.isdigit() else None


def _page(problem: Problem) -> Response:
    if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        language.speak_to_browser()
    problem = replace(problem, title=translate(problem.title), detail=translate(problem.detail))
    if request.routing_exception is not None and problem.status == HTTPStatus.BAD_REQUEST:
        # An untrusted Host leaves no addresses to link to, so the page has no frame.
        body = current_app.jinja_env.get_template("errors/bare.html").render(problem=problem)
        return Response(body, mimetype="text/html")
    values: dict[str, Any] = {
        "problem": problem,
        "request_id": g.get("request_id"),
        "try_again_at": _try_again_at(problem),
    }
    names: list[str | Template] = [
        f"errors/{problem.code}.html",
        f"errors/{problem.status}.html",
        "errors/any.html",
    ]
    if problem.status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return Response(render_template(names, **values), mimetype="text/html")
    # After a failure nobody asks the database who is logged in: that would be the next failure.
    template = current_app.jinja_env.get_or_select_template(names)
    return Response(template.render(shell.nameless_context() | values), mimetype="text/html")
