"""Forms are only taken from our own pages: a token in the form, and where the browser comes from.

The API and the webhooks use no cookie, so there is nothing to forge there.
"""

from urllib.parse import urlsplit

from flask import Flask, abort, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError, CSRFProtect

from billing.messages import Message
from billing.web.errors import PROBLEM_PATHS, Problem, show
from billing.web.limits import SAFE_METHODS

csrf = CSRFProtect()


def init_app(app: Flask) -> None:
    """Check every form that is posted to a page."""
    # A token lives as long as the session: nobody loses what they typed to a clock.
    app.config.setdefault("WTF_CSRF_TIME_LIMIT", None)
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False
    # Our own check of the origin replaces the one of the Referer, which many browsers trim.
    app.config["WTF_CSRF_SSL_STRICT"] = False
    csrf.init_app(app)
    app.before_request(_check)
    app.register_error_handler(CSRFError, _explain)


def _check() -> None:
    is_page_form = request.method not in SAFE_METHODS and not request.path.startswith(PROBLEM_PATHS)
    if not is_page_form or request.routing_exception is not None:
        return
    if _comes_from_elsewhere():
        abort(403, Message("The form was sent from another site."))
    csrf.protect()


def _comes_from_elsewhere() -> bool:
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site not in {"same-origin", "none"}
    origin = request.headers.get("Origin")
    return origin is not None and urlsplit(origin).netloc != request.host


def _explain(error: CSRFError) -> ResponseReturnValue:
    return show(
        Problem(
            400, "form_expired", Message("This page was open too long"), error.description or ""
        )
    )
