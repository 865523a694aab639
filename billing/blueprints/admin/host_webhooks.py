"""Webhooks to the host: the list, one of them as the host gets it, and sending it again."""

import json
from http import HTTPStatus

from flask import Response, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from billing.blueprints.admin.blueprint import bp
from billing.errors import NotFound
from billing.messages import Message
from billing.models import HostWebhook
from billing.services import audit
from billing.services import host_webhooks as outbox
from billing.services.admin import host_webhooks as webhook_records
from billing.web import host_endpoint
from billing.web.admin import lists
from billing.web.admin.guard import current_actor
from billing.web.admin.list_view import Column, Filter, ListView
from billing.web.language import _
from billing.web.language import lazy_gettext as _l

LINES_SHOWN = 20
VIEW: ListView[HostWebhook] = ListView(
    endpoint="admin.host_webhooks",
    export_endpoint="admin.export_host_webhooks",
    template="admin/host_webhooks/index.html",
    noun="host-webhooks",
    search_label=_l("Event, type, host ID or email"),
    listing=webhook_records.listing,
    default_sort="-created",
    columns=(
        Column("created", _l("When"), lambda webhook: webhook.created_at),
        Column("type", _l("Type"), lambda webhook: webhook.type),
        Column("event", _l("Event ID"), lambda webhook: webhook.event_id),
        Column("user", _l("User"), lambda webhook: webhook.user.email),
        Column("taken", _l("Taken"), lambda webhook: webhook.delivered_at),
        Column("tries", _l("Tries"), lambda webhook: webhook.attempts, is_number=True),
        Column("error", _l("Error"), lambda webhook: webhook.last_error),
    ),
    filters=(
        Filter(
            "state",
            _l("Status"),
            {"taken": _l("Taken"), "waiting": _l("Waiting"), "given_up": _l("Given up")},
        ),
    ),
)


@bp.get("/host-webhooks")
def host_webhooks() -> ResponseReturnValue:
    return lists.show(VIEW)


@bp.get("/host-webhooks.csv")
def export_host_webhooks() -> Response:
    return lists.export(VIEW)


@bp.get("/host-webhooks/<record:record_id>")
def host_webhook(record_id: int) -> str:
    found = webhook_records.get(record_id)
    return render_template(
        "admin/host_webhooks/show.html",
        webhook=found,
        payload=json.dumps(json.loads(outbox.payload_of(found)), indent=2, ensure_ascii=False),
        has_host=host_endpoint.current() is not None,
        lines=audit.list_about("host_webhook", record_id, limit=LINES_SHOWN),
    )


@bp.post("/host-webhooks/<record:record_id>/replay")
def replay_host_webhook(record_id: int) -> ResponseReturnValue:
    endpoint = host_endpoint.current()
    if endpoint is None:
        raise NotFound(Message("HOST_WEBHOOK_URL is not set: nobody listens."))
    sent = webhook_records.replay(record_id, endpoint=endpoint, actor=current_actor())
    if sent.delivered_at is not None:
        flash(_("The host took %(type)s.", type=sent.type), "ok")
    else:
        flash(_("The host did not take it: %(error)s", error=sent.last_error), "bad")
    return redirect(url_for("admin.host_webhook", record_id=record_id), HTTPStatus.SEE_OTHER)
