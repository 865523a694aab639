"""The overview: revenue and its movements, sales, and what needs a look."""

from flask import Response, render_template
from flask_babel import get_timezone

from billing.blueprints.admin.blueprint import bp
from billing.services import overview as figures
from billing.web.admin import date_range, overview_export
from billing.web.admin.date_range import PRESETS


@bp.get("/")
def index() -> str:
    chosen = date_range.read()
    return render_template(
        "admin/overview/index.html",
        overview=figures.read(*chosen.bounds(get_timezone())),
        range=chosen,
        presets=PRESETS,
    )


@bp.get("/overview.csv")
def export_overview() -> Response:
    chosen = date_range.read()
    overview = figures.read(*chosen.bounds(get_timezone()))
    return overview_export.answer(overview, chosen)
