"""The usage pages: quota, tokens, and the history of both."""

from flask import Blueprint, Response, render_template, request, stream_with_context
from flask_login import current_user

from billing import clock
from billing.services import provisioning, usage
from billing.web import charts, csv_export
from billing.web.login import login_required

bp = Blueprint("usage", __name__, url_prefix="/usage")

LINES_SHOWN = 10
LINES_A_PAGE = 25


@bp.get("")
@login_required
def index() -> str:
    provisioning.ensure(current_user)
    summary, days = usage.summary(current_user), usage.by_day(current_user)
    today = clock.now().date()
    outlook = charts.pace(summary, days, today)
    return render_template(
        "usage/index.html",
        usage=summary,
        outlook=outlook,
        burn_down=charts.burn_down(summary, days, outlook, today),
        by_day=charts.by_day(summary, days, today),
        history=usage.list_transactions(current_user.id, limit=LINES_SHOWN),
    )


@bp.get("/transactions")
@login_required
def transactions() -> str:
    cursor = request.args.get("after")
    history = usage.list_transactions(current_user.id, after=cursor, limit=LINES_A_PAGE)
    return render_template("usage/transactions.html", history=history, is_first=cursor is None)


@bp.get("/transactions.csv")
@login_required
def export() -> Response:
    rows = csv_export.history_rows(usage.stream_transactions(current_user.id))
    name = f"usage-{clock.now():%Y-%m-%d}.csv"
    return Response(
        stream_with_context(rows),
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
