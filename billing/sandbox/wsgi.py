"""`granian --interface wsgi billing.sandbox.wsgi:app`: the sandbox with the app's settings."""

from billing import settings as application
from billing.observability import logging
from billing.sandbox import SandboxSettings, create_sandbox

_settings = application.load()
logging.configure(level=_settings.log_level, as_json=_settings.is_production)

app = create_sandbox(
    SandboxSettings(
        base_url=_settings.sandbox_url,
        database_path=_settings.sandbox_database,
        default_key=_settings.stripe_secret_key,
        default_webhook_url=f"{_settings.base_url}/webhooks/stripe",
        default_webhook_secret=_settings.stripe_webhook_secrets[0],
        app_name=_settings.app_name,
        environment=_settings.environment,
    )
)
