"""Security headers on every answer, errors included."""

from flask import Flask, Response

from billing.settings import Settings

HSTS_SECONDS = 31_536_000


def init_app(app: Flask) -> None:
    """Send the headers with every answer of the app."""
    settings: Settings = app.extensions["billing_settings"]
    fixed = {name.lower(): (name, value) for name, value in _fixed_headers(settings).items()}

    @app.after_request
    def _add_headers(response: Response) -> Response:
        # `setdefault` would raise and catch an error for each of them.
        own = {name.lower() for name in response.headers.keys()}  # noqa: SIM118 - pairs else
        response.headers.extend(header for name, header in fixed.items() if name not in own)
        return response


def _fixed_headers(settings: Settings) -> dict[str, str]:
    headers = {
        "Content-Security-Policy": content_security_policy(settings),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
        "Cache-Control": "no-store",
    }
    if settings.is_https:
        headers["Strict-Transport-Security"] = f"max-age={HSTS_SECONDS}"
    return headers


def content_security_policy(settings: Settings) -> str:
    """Return the policy; `form-action` lists the payment pages: Chromium checks redirects too."""
    policy = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "font-src": "'self'",
        "img-src": "'self' data:",
        "connect-src": "'self'",
        "form-action": " ".join(["'self'", *settings.payment_page_origins]),
        "base-uri": "'none'",
        "object-src": "'none'",
        "frame-ancestors": "'none'",
    }
    return "; ".join(f"{directive} {sources}" for directive, sources in policy.items())
