"""Settings: read once from the environment and `.env`, checked, then frozen.

No other module reads the environment. A missing or unsafe value stops the start and names its
variable, never its value.
"""

from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

PROJECT_ROOT = Path(__file__).resolve().parent.parent
DEVELOPMENT_SECRET_KEY = "development-only-secret-key-never-in-production"
SANDBOX_SECRET_KEY = "sk_test_billhookLocalSandbox"
SANDBOX_WEBHOOK_SECRET = "whsec_billhookLocalSandbox"
SECRET_KEY_MIN_LENGTH = 32
HOST_SECRET_MIN_LENGTH = 24
METRICS_TOKEN_MIN_LENGTH = 24


class InvalidSettings(SystemExit):
    """The environment cannot be used; the message names each variable and ends the process."""


def _split_commas(value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


CommaSeparated = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split_commas)]


class Settings(BaseSettings):
    """What an operator can set; each field is the environment variable of its alias."""

    model_config = SettingsConfigDict(
        env_file=PROJECT_ROOT / ".env",
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,
        populate_by_name=True,
        env_ignore_empty=True,
        ignored_types=(cached_property,),
    )

    environment: Literal["development", "production"] = Field("development", alias="BILLING_ENV")
    host: str = Field("127.0.0.1", alias="HOST")
    port: int = Field(8000, alias="PORT", ge=1, le=65535)
    sandbox_port: int = Field(8010, alias="SANDBOX_PORT", ge=1, le=65535)
    sandbox_database: Path = Field(
        PROJECT_ROOT / "instance" / "sandbox.db", alias="SANDBOX_DATABASE"
    )
    configured_base_url: str | None = Field(None, alias="BILLING_BASE_URL")
    database_url: str = Field(
        f"sqlite:///{PROJECT_ROOT / 'instance' / 'billing.db'}", alias="DATABASE_URL"
    )

    secret_key: str = Field(DEVELOPMENT_SECRET_KEY, alias="SECRET_KEY")
    secret_key_fallbacks: CommaSeparated = Field((), alias="SECRET_KEY_FALLBACKS")
    configured_person_key: str | None = Field(None, alias="PERSON_KEY")
    configured_stripe_secret_key: str | None = Field(None, alias="STRIPE_SECRET_KEY")
    configured_webhook_secrets: CommaSeparated = Field((), alias="STRIPE_WEBHOOK_SECRET")
    configured_stripe_api_base: str | None = Field(None, alias="STRIPE_API_BASE")

    collects_tax: bool = Field(default=False, alias="STRIPE_AUTOMATIC_TAX")

    app_name: str = Field("Billhook", alias="APP_NAME")
    support_email: str = Field("support@billhook.example", alias="SUPPORT_EMAIL")
    mail_url: str = Field("console:", alias="MAIL_URL")
    mail_from: str = Field("Billhook <billing@billhook.example>", alias="MAIL_FROM")
    trusted_hosts: CommaSeparated = Field((), alias="TRUSTED_HOSTS")
    trusted_proxies: int = Field(0, alias="TRUSTED_PROXIES", ge=0, le=5)
    host_webhook_url: str | None = Field(None, alias="HOST_WEBHOOK_URL")
    host_webhook_secrets: CommaSeparated = Field((), alias="HOST_WEBHOOK_SECRET")
    configured_host_webhook_private: bool | None = Field(None, alias="HOST_WEBHOOK_ALLOW_PRIVATE")
    api_rate_limit: int = Field(600, alias="API_RATE_LIMIT", ge=1)
    api_service_rate_limit: int = Field(300_000, alias="API_SERVICE_RATE_LIMIT", ge=1)
    metrics_token: str | None = Field(None, alias="METRICS_TOKEN")
    # Read by the Prometheus client itself: where the processes of one machine count together.
    metrics_directory: Path | None = Field(None, alias="PROMETHEUS_MULTIPROC_DIR")
    # Read by Flask itself: a debugger would run what a stranger types.
    debug: str | None = Field(None, alias="FLASK_DEBUG")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", alias="LOG_LEVEL")

    @property
    def is_production(self) -> bool:
        return self.environment == "production"

    @property
    def uses_sandbox(self) -> bool:
        """Whether Stripe is the local sandbox because no key is set."""
        return self.configured_stripe_secret_key is None

    @cached_property
    def base_url(self) -> str:
        """The origin that links in e-mails and from Stripe lead to, without a trailing slash."""
        return (self.configured_base_url or f"http://{self.host}:{self.port}").rstrip("/")

    @property
    def is_https(self) -> bool:
        return self.base_url.startswith("https://")

    @property
    def sandbox_url(self) -> str:
        return f"http://{self.host}:{self.sandbox_port}"

    @property
    def person_key(self) -> str:
        """With what persons are recognised again, past a closed account; it must not change."""
        return self.configured_person_key or self.secret_key

    @property
    def stripe_secret_key(self) -> str:
        return self.configured_stripe_secret_key or SANDBOX_SECRET_KEY

    @property
    def stripe_webhook_secrets(self) -> tuple[str, ...]:
        return self.configured_webhook_secrets or (SANDBOX_WEBHOOK_SECRET,)

    @property
    def stripe_api_base(self) -> str | None:
        """Where the Stripe client sends its calls; None is Stripe itself."""
        if self.configured_stripe_api_base:
            return self.configured_stripe_api_base.rstrip("/")
        return self.sandbox_url if self.uses_sandbox else None

    @property
    def host_webhook_allows_private(self) -> bool:
        """Whether the host may listen in a private network: in development it mostly does."""
        allowed = self.configured_host_webhook_private
        return not self.is_production if allowed is None else allowed

    @property
    def payment_page_origins(self) -> tuple[str, ...]:
        """Origins that a form may lead to by redirect (CSP `form-action`)."""
        if self.stripe_api_base:
            return (self.stripe_api_base,)
        return ("https://checkout.stripe.com", "https://billing.stripe.com")

    @model_validator(mode="after")
    def _stripe_key_needs_webhook_secret(self) -> Self:
        if self.configured_stripe_secret_key and not self.configured_webhook_secrets:
            raise ValueError("STRIPE_WEBHOOK_SECRET must be set when STRIPE_SECRET_KEY is")
        return self

    @model_validator(mode="after")
    def _host_webhook_needs_secret(self) -> Self:
        if self.host_webhook_url is None:
            return self
        url = urlsplit(self.host_webhook_url)
        if url.scheme not in {"http", "https"} or not url.hostname or url.username:
            raise ValueError("HOST_WEBHOOK_URL must be an http:// or https:// address")
        if not all(
            len(key) >= HOST_SECRET_MIN_LENGTH for key in self.host_webhook_secrets or ("",)
        ):
            raise ValueError(
                "HOST_WEBHOOK_SECRET must be set, with at least "
                f"{HOST_SECRET_MIN_LENGTH} characters, when HOST_WEBHOOK_URL is"
            )
        return self

    @model_validator(mode="after")
    def _metrics_token_is_long(self) -> Self:
        if self.metrics_token is not None and len(self.metrics_token) < METRICS_TOKEN_MIN_LENGTH:
            raise ValueError(
                f"METRICS_TOKEN must have at least {METRICS_TOKEN_MIN_LENGTH} characters"
            )
        return self

    @model_validator(mode="after")
    def _production_refuses_defaults(self) -> Self:
        if not self.is_production:
            return self
        problems = list(self._production_problems())
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _production_problems(self) -> list[str]:
        key, webhooks = self.configured_stripe_secret_key, self.configured_webhook_secrets
        checks = {
            "SECRET_KEY must be set": self.secret_key == DEVELOPMENT_SECRET_KEY,
            f"SECRET_KEY must have at least {SECRET_KEY_MIN_LENGTH} characters": (
                len(self.secret_key) < SECRET_KEY_MIN_LENGTH
            ),
            "STRIPE_SECRET_KEY must be set": key is None,
            "STRIPE_SECRET_KEY must be a live key (sk_live_ or rk_live_)": (
                key is not None and not key.startswith(("sk_live_", "rk_live_"))
            ),
            "STRIPE_WEBHOOK_SECRET must be set": not webhooks,
            "STRIPE_WEBHOOK_SECRET must be Stripe's own (whsec_ and at least 24 characters)": any(
                not secret.startswith("whsec_") or len(secret) < 24 or "sandbox" in secret.lower()
                for secret in webhooks
            ),
            "STRIPE_API_BASE must not be set": self.configured_stripe_api_base is not None,
            "FLASK_DEBUG must not be set": (self.debug or "0").lower() not in {"0", "false", "no"},
            "HOST_WEBHOOK_URL must be an https:// address": (
                not (self.host_webhook_url or "https://").startswith("https://")
            ),
            "BILLING_BASE_URL must be set to an https:// address": (
                not (self.configured_base_url or "").startswith("https://")
            ),
            "DATABASE_URL must be set to a PostgreSQL address": (
                not urlsplit(self.database_url).scheme.startswith("postgres")
            ),
        }
        return [problem for problem, is_broken in checks.items() if is_broken]


def load(**overrides: object) -> Settings:
    """Read, check and freeze the settings.

    Args:
        overrides: values that win over the environment, by field name; tests use them.

    Raises:
        InvalidSettings: a variable is missing or unsafe; the message names each one.
    """
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        raise InvalidSettings(_describe(error)) from None


def _describe(error: ValidationError) -> str:
    lines: list[str] = []
    for problem in error.errors(include_input=False, include_url=False):
        message = problem["msg"].removeprefix("Value error, ")
        variable = ".".join(str(part) for part in problem["loc"])
        lines.extend(f"{variable}: {message}" if variable else part for part in message.split("; "))
    return "Billhook cannot start:\n" + "\n".join(f"  - {line}" for line in lines)
