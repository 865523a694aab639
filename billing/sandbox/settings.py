"""What the sandbox needs to know, given to it by whoever starts it."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class SandboxSettings:
    """`base_url` is where browsers reach the sandbox; the default key is that of the local app.

    With `default_webhook_url` the account of the default key has an endpoint from the start, so
    that the app needs no registration; it is signed with `default_webhook_secret`.
    """

    base_url: str
    database_path: Path
    default_key: str
    default_webhook_url: str | None = None
    default_webhook_secret: str | None = None
    app_name: str = "Billhook"
    environment: str = "development"
