"""Billhook: billing for a SaaS or AI product. This page is the table of contents."""

from flask import Flask

from billing import database, settings
from billing.settings import PROJECT_ROOT, Settings
from billing.web import assets, csrf, errors, filters, headers, limits, shell

__all__ = ["create_app"]


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
        static_folder=str(PROJECT_ROOT / "static"),
    )
    app.extensions["billing_settings"] = configuration
    app.config["SECRET_KEY"] = configuration.secret_key
    database.init_app(app, configuration.database_url)
    from billing import models  # noqa: F401, PLC0415

    limits.init_app(app)
    headers.init_app(app)
    csrf.init_app(app)
    errors.init_app(app)
    shell.init_app(app)
    filters.init_app(app)
    assets.init_app(app)

    return app
