"""Billhook: billing for a SaaS or AI product. This page is the table of contents."""

from flask import Flask

from billing import cli, database, settings
from billing.blueprints import (
    account,
    admin,
    api,
    auth,
    checkout,
    health,
    language,
    metrics,
    plan,
    portal_link,
    pricing,
    styleguide,
    theme,
    usage,
    webhooks,
)
from billing.blueprints import acting as acting_pages

# Under these names, so that `billing.errors`, `.gateway` and `.settings` stay what they are.
from billing.blueprints import settings as settings_pages
from billing.services.entitlements import can_access_feature
from billing.services.holds import hold as hold_ai_request
from billing.services.metering import record as record_ai_request
from billing.settings import PROJECT_ROOT, Settings
from billing.web import (
    acting,
    alert_token,
    assets,
    browsers,
    csrf,
    filters,
    headers,
    history_words,
    host,
    invoice_words,
    limits,
    login,
    mailer,
    plan_state,
    plan_words,
    receipts,
    request_log,
    shell,
)
from billing.web import errors as error_pages
from billing.web import gateway as app_gateway
from billing.web import language as spoken_language
from billing.web import metrics as app_metrics
from billing.web.api import rate_limit
from billing.web.host import Billhook
from billing.web.host_metering import metered_request, meters_ai_request, requires_feature

__all__ = [
    "Billhook",
    "can_access_feature",
    "create_app",
    "hold_ai_request",
    "metered_request",
    "meters_ai_request",
    "record_ai_request",
    "requires_feature",
]

PARTS = (
    limits,
    login,
    csrf,
    acting,
    headers,
    error_pages,
    spoken_language,
    filters,
    plan_state,
    plan_words,
    invoice_words,
    receipts,
    history_words,
    browsers,
    shell,
    assets,
    mailer,
    alert_token,
    rate_limit,
    host,
    app_metrics,
    cli,
)
BLUEPRINTS = (
    auth.bp,
    pricing.bp,
    checkout.bp,
    account.bp,
    plan.bp,
    settings_pages.bp,
    usage.bp,
    theme.bp,
    language.bp,
    webhooks.bp,
    health.bp,
    metrics.bp,
    api.bp,
    portal_link.bp,
    admin.bp,
    acting_pages.bp,
)


def create_app(configuration: Settings | None = None) -> Flask:
    """Build the app.

    Args:
        configuration: the settings to use; read from the environment when None.

    Raises:
        InvalidSettings: the environment cannot be used; names each variable.
    """
    configuration = configuration or settings.load()
    app = Flask(
        __name__,
        template_folder=str(PROJECT_ROOT / "templates"),
        static_folder=None,
    )
    app.extensions["billing_settings"] = configuration
    app.config["SECRET_KEY"] = configuration.secret_key
    app.config["SECRET_KEY_FALLBACKS"] = list(configuration.secret_key_fallbacks)
    request_log.init_app(app, configuration)
    database.init_app(app, configuration.database_url)
    app_gateway.init_app(app, configuration)
    for part in PARTS:
        part.init_app(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    if not configuration.is_production:
        app.register_blueprint(styleguide.bp)
    return app
