"""The audit log: read, never written, at the desk."""

import json

from flask import Response
from flask.typing import ResponseReturnValue

from billing.blueprints.admin.blueprint import bp
from billing.models import AuditEntry
from billing.services.admin import audit_log as entries
from billing.web.admin import lists
from billing.web.admin.list_view import Column, Filter, ListView
from billing.web.language import lazy_gettext as _l

VIEW: ListView[AuditEntry] = ListView(
    endpoint="admin.audit_log",
    export_endpoint="admin.export_audit_log",
    template="admin/audit_log/index.html",
    noun="audit-log",
    search_label=_l("Action, reason or request"),
    listing=entries.listing,
    default_sort="-when",
    columns=(
        Column("when", _l("When"), lambda entry: entry.created_at),
        Column("action", _l("Action"), lambda entry: entry.action),
        Column("actor", _l("Who"), lambda entry: entries.line_of(entry).actor_email or entry.actor),
        Column("object", _l("Object"), lambda entry: f"{entry.subject_type}:{entry.subject_id}"),
        Column("before", _l("Before"), lambda entry: _json(entry.before)),
        Column("after", _l("After"), lambda entry: _json(entry.after)),
        Column("reason", _l("Why"), lambda entry: entry.reason),
        Column("ip", _l("IP address"), lambda entry: entry.ip_address),
    ),
    filters=(
        Filter("by", _l("By"), {"admin": _l("A person"), "program": _l("A program")}),
        Filter(
            "object",
            _l("Object"),
            {
                "user": _l("User"),
                "tier": _l("Plan"),
                "package": _l("Token package"),
                "feature": _l("Feature"),
                "webhook_event": _l("Webhook event"),
                "email": _l("Email message"),
                "host_webhook": _l("Host webhook"),
                "other": _l("Something else"),
            },
        ),
        Filter("object_id", _l("Object ID")),
        Filter("actor", _l("Who")),
        Filter("action", _l("Action")),
        Filter("ip", _l("IP address")),
    ),
)


@bp.get("/audit-log")
def audit_log() -> ResponseReturnValue:
    return lists.show(VIEW, line_of=entries.line_of)


@bp.get("/audit-log.csv")
def export_audit_log() -> Response:
    return lists.export(VIEW)


def _json(fields: object) -> str | None:
    return None if fields is None else json.dumps(fields, ensure_ascii=False, sort_keys=True)
