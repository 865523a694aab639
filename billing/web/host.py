"""Billhook inside a host's own Flask app: its users by its own ids, its requests metered here.

    billhook = Billhook(create_app(), identify=lambda: (str(current_user.id), current_user.email))
    billhook.init_app(app)

The two apps share the process and nothing else: each has its own sessions, database and pages. The
pages of Billhook answer below `url_prefix`.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

from flask import Flask, Response, current_app, has_app_context, jsonify
from flask.ctx import AppContext
from flask_login import current_user
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from billing.domain.metering import Quota
from billing.errors import BillingError, NotAuthenticated, PaymentRequired
from billing.models import User
from billing.services import host_users, portal_links, usage
from billing.services.entitlements import can_access_feature
from billing.settings import Settings
from billing.web import portal_token

EXTENSION = "billhook"

Identity: TypeAlias = tuple[str, str]


class Billhook:
    """The extension of a host's Flask app; `identify` says who is asking there."""

    def __init__(
        self,
        billing_app: Flask,
        *,
        identify: Callable[[], Identity | None],
        url_prefix: str = "/billing",
    ) -> None:
        """Keep what the host knows.

        Args:
            billing_app: from `create_app()`.
            identify: returns the host's id and the e-mail address of who is logged in there, or
                None; a user is provisioned here at the first question.
            url_prefix: where the pages answer.
        """
        self.billing_app = billing_app
        self.identify = identify
        self.url_prefix = url_prefix.rstrip("/")

    def init_app(self, app: Flask) -> None:
        """Mount the pages, answer refusals as problem documents, and help the templates."""
        app.extensions[EXTENSION] = self
        app.wsgi_app = DispatcherMiddleware(  # type: ignore[method-assign]
            app.wsgi_app, {self.url_prefix: self.billing_app}
        )
        app.register_error_handler(BillingError, self.refuse)
        help_templates(app)

    def url_for(self, endpoint: str, **values: str) -> str:
        """Return the full address of a page of Billhook, such as `pricing.index`."""
        settings: Settings = self.billing_app.extensions["billing_settings"]
        adapter = self.billing_app.url_map.bind("", script_name=f"{self.url_prefix}/")
        return settings.base_url + adapter.build(endpoint, values)

    def portal_url(self) -> str:
        """Return a one-time address that logs who is asking in to the account page."""
        with acting_user() as user:
            link = portal_links.create(user.id, actor="host")
            token = portal_token.sign(link.nonce)
        return self.url_for("portal_link.enter", token=token)

    def refuse(self, error: BillingError) -> Response:
        """Answer a refusal as the API would; a host that wants a page registers its own handler."""
        if isinstance(error, PaymentRequired):
            error.members["pricing_url"] = self.url_for("pricing.index")
        response = jsonify(
            {
                **error.members,
                "type": f"urn:billhook:problem:{error.code}",
                "title": error.title,
                "status": error.status,
                "detail": error.detail,
                "code": error.code,
            }
        )
        response.status_code = error.status
        response.mimetype = "application/problem+json"
        return response


def help_templates(app: Flask) -> None:
    """Give the templates `can_access("feature")` and `quota()`, for who is asking."""
    app.jinja_env.globals["can_access"] = can_access
    app.jinja_env.globals["quota"] = quota


def init_app(app: Flask) -> None:
    """Help the templates of Billhook's own app too."""
    help_templates(app)


def billing_context() -> AppContext:
    """Return a context of Billhook's app, whichever app is the current one."""
    return _billing_app().app_context()


@contextmanager
def acting_user() -> Iterator[User]:
    """Lend the user who is asking, in a context of Billhook's app.

    Raises:
        NotAuthenticated: nobody is logged in at the host.
    """
    billhook: Billhook | None = current_app.extensions.get(EXTENSION)
    if billhook is None:
        if not current_user.is_authenticated:
            raise NotAuthenticated("Log in to go on.")
        yield current_user._get_current_object()
        return
    identity = billhook.identify()
    if identity is None:
        raise NotAuthenticated("Log in to go on.")
    external_id, email = identity
    with billing_context():
        yield host_users.provision(external_id=external_id, email=email, actor="host")[0]


def can_access(feature_key: str) -> bool:
    """Return whether who is asking may use the feature; a stranger may use none."""
    try:
        with acting_user() as user:
            return can_access_feature(user, feature_key)
    except NotAuthenticated:
        return False


def quota() -> Quota | None:
    """Return where the quota of who is asking stands, None for a stranger."""
    try:
        with acting_user() as user:
            return usage.summary(user).quota
    except NotAuthenticated:
        return None


def _billing_app() -> Flask:
    assert has_app_context()
    billhook: Billhook | None = current_app.extensions.get(EXTENSION)
    return current_app._get_current_object() if billhook is None else billhook.billing_app  # type: ignore[attr-defined]
