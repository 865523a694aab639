"""The usage pages: quota, tokens, the history of both, why each line is so, and alerts."""

from http import HTTPStatus

from flask import Blueprint, Response, render_template, request, stream_with_context
from flask.typing import ResponseReturnValue

from billing.services import alert_letters, alerts, explanations, provisioning, refusals, usage
from billing.web import alert_form, alert_token, csv_export, history_form, pages, usage_report
from billing.web.forms import EmptyForm
from billing.web.language import _
from billing.web.login import current_person, login_required

bp = Blueprint("usage", __name__, url_prefix="/usage")

LINES_SHOWN = 10
REFUSALS_SHOWN = 5
LINES_A_PAGE = 25


@bp.get("")
@login_required
def index() -> str:
    person = current_person()
    provisioning.ensure(person)
    return render_template(
        "usage/index.html",
        report=usage_report.report(person, request.args.get("period", "")),
        history=usage.list_transactions(person.id, limit=LINES_SHOWN),
        refusals=refusals.list_by_user(person.id, limit=REFUSALS_SHOWN),
        alert_form=alert_form.filled(alerts.get_thresholds(person.id)),
        alerts_sent=alert_letters.last_sent(person.id),
    )


@bp.get("/transactions")
@login_required
def transactions() -> ResponseReturnValue:
    form, cursor = history_form.read(), request.args.get("after")
    history = usage.list_transactions(
        current_person().id, after=cursor, limit=LINES_A_PAGE, only=form.only
    )
    return render_template(
        "usage/transactions.html", form=form, history=history, is_first=cursor is None
    ), (HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK)


@bp.get("/transactions.csv")
@login_required
def export() -> Response:
    form = history_form.read()
    lines = usage.stream_transactions(current_person().id, only=form.only)
    name = history_form.file_name(form)
    return Response(
        stream_with_context(csv_export.history_rows(lines)),
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@bp.get("/refusals")
@login_required
def refused() -> str:
    before = request.args.get("before", type=int)
    found = refusals.list_by_user(current_person().id, before=before, limit=LINES_A_PAGE + 1)
    return render_template(
        "usage/refused.html",
        refusals=found[:LINES_A_PAGE],
        has_older=len(found) > LINES_A_PAGE,
        is_first=before is None,
    )


@bp.get("/explain/<reference>")
@login_required
def explain(reference: str) -> str:
    told = explanations.explain(reference, owner_id=current_person().id)
    return render_template("usage/explain.html", told=told)


@bp.post("/alerts")
@login_required
def choose_alerts() -> ResponseReturnValue:
    alerts.set_thresholds(current_person().id, alert_form.posted())
    return pages.done(_("Alerts saved."), "usage.index")


@bp.route("/alerts/off/<token>", methods=["GET", "POST"])
def turn_alert_off(token: str) -> ResponseReturnValue:
    """Open the link of an alert mail: no log-in, and one button, as programs open links too."""
    user_id, kind = alert_token.read(token)
    form = EmptyForm()
    is_off = form.validate_on_submit()
    if is_off:
        alerts.turn_off(user_id, kind)
    return pages.show("usage/turn_alert_off.html", form, kind=kind, is_off=is_off)
