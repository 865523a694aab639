"""Webhook events: the list, the record of one, replayed and settled by hand."""

from http import HTTPStatus

from flask import Response, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from billing.blueprints.admin.blueprint import bp
from billing.models import WebhookEvent
from billing.services import audit
from billing.services.admin import events as event_records
from billing.web import gateway
from billing.web.admin import event_words, lists
from billing.web.admin.answers import show
from billing.web.admin.forms import ReasonForm
from billing.web.admin.guard import current_actor
from billing.web.admin.list_view import Action, Column, Filter, ListView
from billing.web.admin.selections import selected_action, selected_rows
from billing.web.forms import EmptyForm
from billing.web.language import lazy_gettext as _l

LINES_SHOWN = 20
VIEW: ListView[WebhookEvent] = ListView(
    endpoint="admin.events",
    export_endpoint="admin.export_events",
    template="admin/events/index.html",
    noun="webhook-events",
    search_label=_l("Event, object, customer or email"),
    listing=event_records.listing,
    default_sort="-received",
    columns=(
        Column("received", _l("Received"), lambda event: event.received_at),
        Column("type", _l("Type"), lambda event: event.type),
        Column("event", _l("Event ID"), lambda event: event.stripe_event_id),
        Column("user", _l("User"), lambda event: event.user.email if event.user else None),
        Column("state", _l("Status"), lambda event: event.state),
        Column("tries", _l("Tries"), lambda event: event.attempts, is_number=True),
        Column("error", _l("Error"), lambda event: event.last_error),
    ),
    actions_endpoint="admin.selected_events",
    actions=(Action("replay", _l("Replay")), Action("ignore", _l("Mark as ignored"))),
    filters=(
        Filter("state", _l("Status"), event_words.STATES),
        Filter("topic", _l("About"), event_words.TOPICS),
        Filter("delivered", _l("Delivered"), {"once": _l("Once"), "again": _l("More than once")}),
    ),
)


@bp.get("/events")
def events() -> ResponseReturnValue:
    return lists.show(VIEW)


@bp.get("/events.csv")
def export_events() -> Response:
    return lists.export(VIEW)


@bp.get("/events/<record:record_id>")
def event(record_id: int) -> str:
    return render_template(
        "admin/events/show.html",
        record=event_records.get_record(record_id),
        lines=audit.list_about("webhook_event", record_id, limit=LINES_SHOWN),
        form=EmptyForm(),
    )


@bp.post("/events/<record:record_id>/replay")
def replay_event(record_id: int) -> ResponseReturnValue:
    found = event_records.get(record_id)
    event_records.replay([found], gateway=gateway.current(), actor=current_actor())
    flash(*event_words.replayed_one(event_records.get(record_id)))
    return redirect(url_for("admin.event", record_id=record_id), HTTPStatus.SEE_OTHER)


@bp.route("/events/<record:record_id>/ignore", methods=["GET", "POST"])
def ignore_event(record_id: int) -> ResponseReturnValue:
    form, found = ReasonForm(), event_records.get(record_id)
    if form.validate_on_submit():
        event_records.ignore([found], reason=form.reason.data, actor=current_actor())
        flash(*event_words.ignored(1))
        return redirect(url_for("admin.event", record_id=record_id), HTTPStatus.SEE_OTHER)
    return show("admin/events/ignore.html", form, event=found)


@bp.route("/events/selected", methods=["GET", "POST"])
def selected_events() -> ResponseReturnValue:
    action, chosen = selected_action(VIEW), selected_rows(VIEW)
    form = EmptyForm() if action.name == "replay" else ReasonForm()
    if not form.validate_on_submit():
        return show("admin/events/selected.html", form, action=action, events=chosen)
    actor = current_actor()
    if action.name == "replay":
        done = event_records.replay(chosen, gateway=gateway.current(), actor=actor)
        flash(*event_words.replayed(done))
    else:
        settled = event_records.ignore(chosen, reason=form.reason.data, actor=actor)
        flash(*event_words.ignored(settled))
    return redirect(url_for("admin.events"), HTTPStatus.SEE_OTHER)
