"""How often one key may call: counted in this process, a minute at a time.

A shared counter would cost each call a write, so with N worker processes a key gets up to N times
its limit. It stops loops that run wild, and keeps one key from crowding out another.
"""

from dataclasses import dataclass, field
from threading import Lock

from flask import Flask, Response, current_app, g

from billing import clock
from billing.errors import RateLimited
from billing.services.api_access import Access
from billing.settings import Settings

WINDOW_SECONDS = 60
EXTENSION = "billing_api_rates"
MAX_WINDOWS = 10_000


@dataclass(slots=True)
class Window:
    """The calls of one key in one minute."""

    limit: int
    ends_at: float
    calls: int = 0

    @property
    def remaining(self) -> int:
        return max(0, self.limit - self.calls)

    def seconds_left(self, now: float) -> int:
        return max(1, int(self.ends_at - now + 1))


@dataclass(slots=True)
class RateCounter:
    """The open windows of this process."""

    windows: dict[int, Window] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    def count(self, key_id: int, limit: int, now: float) -> Window:
        """Count one call and return the key's window, which may be over its limit."""
        with self.lock:
            window = self.windows.get(key_id)
            if window is None or window.ends_at <= now:
                if len(self.windows) >= MAX_WINDOWS:
                    self.windows = {k: w for k, w in self.windows.items() if w.ends_at > now}
                window = self.windows[key_id] = Window(limit, now + WINDOW_SECONDS)
            window.calls += 1
            return window


def init_app(app: Flask) -> None:
    """Start counting at nothing."""
    app.extensions[EXTENSION] = RateCounter()


def begin() -> None:
    """Forget the window of an earlier call in this context."""
    g.api_window = None


def count(access: Access) -> None:
    """Count this call.

    Raises:
        RateLimited: the key has called too often in this minute.
    """
    settings: Settings = current_app.extensions["billing_settings"]
    limit = settings.api_service_rate_limit if access.is_service else settings.api_rate_limit
    counter: RateCounter = current_app.extensions[EXTENSION]
    now = clock.now().timestamp()
    window = g.api_window = counter.count(access.key_id, limit, now)
    if window.calls > limit:
        seconds = window.seconds_left(now)
        raise RateLimited(
            f"This key may call {limit} times a minute. Try again in {seconds} seconds.",
            retry_after_seconds=seconds,
        )


def add_headers(response: Response) -> Response:
    """Say what is left, as the IETF's draft on RateLimit header fields does."""
    window: Window | None = g.get("api_window")
    if window is not None:
        seconds = window.seconds_left(clock.now().timestamp())
        response.headers["RateLimit-Policy"] = f'"default";q={window.limit};w={WINDOW_SECONDS}'
        response.headers["RateLimit"] = f'"default";r={window.remaining};t={seconds}'
    return response
