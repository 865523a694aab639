"""What every page of the sandbox shares: its headers, its refusals, how money and dates read."""

from datetime import UTC, datetime
from urllib.parse import urlsplit

from babel.dates import format_date
from flask import Blueprint, Response, g, render_template, request

from billing.sandbox.amounts import LOCALE, money
from billing.sandbox.api import engine
from billing.sandbox.contract import Json
from billing.sandbox.errors import ApiError

_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; font-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)


def page_blueprint(name: str, prefix: str = "") -> Blueprint:
    """A blueprint whose answers carry the pages' headers and whose forms are our own."""
    bp = Blueprint(name, __name__, url_prefix=prefix or None)
    bp.before_request(_refuse_foreign_forms)
    bp.after_request(_protect)
    bp.register_error_handler(ApiError, _refused)
    bp.add_app_template_filter(money)
    bp.add_app_template_filter(long_date)
    bp.add_app_template_filter(moment)
    return bp


def may_lead_to(*urls: str | None) -> None:
    """Let this page's forms end at these addresses (browsers check redirects too)."""
    origins = {f"{urlsplit(url).scheme}://{urlsplit(url).netloc}" for url in urls if url}
    g.form_targets = sorted(origins)


def account_of_object(kind: str, object_id: str) -> str:
    """The account of a hosted page: its id is the only thing that the address says."""
    with engine().store.reading() as db:
        row = db.execute(
            "SELECT account FROM objects WHERE id = ? AND kind = ?", (object_id, kind)
        ).fetchone()
    if row is None:
        raise ApiError(f"No such {kind}: '{object_id}'", status=404)
    return str(row["account"])


def long_date(timestamp: int) -> str:
    """December 23, 2026"""
    return format_date(datetime.fromtimestamp(timestamp, UTC), "long", locale=LOCALE)


def moment(timestamp: float) -> str:
    """2026-12-23 14:05:09 UTC"""
    return datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def discount_terms(coupon: Json) -> str:
    """20% off for 3 months, or $5.00 off once"""
    if coupon["percent_off"] is not None:
        off = f"{coupon['percent_off']:g}% off"
    else:
        off = f"{money(coupon['amount_off'], coupon['currency'])} off"
    months = coupon["duration_in_months"]
    lasting = {"once": "once", "forever": "for good"}.get(coupon["duration"])
    return f"{off} {lasting or f'for {months} month' + 's' * (months != 1)}"


def every(recurring: Json, *, start: str = "a") -> str:
    """a month, or every 3 months"""
    count, interval = recurring["interval_count"], recurring["interval"]
    return f"{start} {interval}" if count == 1 else f"every {count} {interval}s"


def _refuse_foreign_forms() -> tuple[str, int] | None:
    if request.method == "POST" and request.headers.get("Sec-Fetch-Site") == "cross-site":
        return render_template(
            "sandbox/problem.html", title="This form came from another site"
        ), 403
    return None


def _protect(response: Response) -> Response:
    targets = " ".join(["", *g.get("form_targets", [])])
    response.headers["Content-Security-Policy"] = _POLICY + targets
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store"
    return response


def _refused(error: ApiError) -> tuple[str, int]:
    title = "Page not found" if error.status == 404 else "This is not possible"
    page = render_template("sandbox/problem.html", title=title, detail=error.message)
    return page, error.status
