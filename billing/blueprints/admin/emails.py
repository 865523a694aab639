"""E-mails sent: the list, one of them as it reads, and sending it once more."""

from http import HTTPStatus

from flask import Response, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from billing.blueprints.admin.blueprint import bp
from billing.errors import Conflict
from billing.models import Email
from billing.services import audit
from billing.services.admin import emails as email_records
from billing.web import mailer
from billing.web.admin import lists
from billing.web.admin.guard import current_actor
from billing.web.admin.list_view import Column, Filter, ListView
from billing.web.language import _, translate
from billing.web.language import lazy_gettext as _l

LINES_SHOWN = 20
VIEW: ListView[Email] = ListView(
    endpoint="admin.emails",
    export_endpoint="admin.export_emails",
    template="admin/emails/index.html",
    noun="emails",
    search_label=_l("Address or subject"),
    listing=email_records.listing,
    default_sort="-created",
    columns=(
        Column("created", _l("Written"), lambda email: email.created_at),
        Column("to", _l("Recipient"), lambda email: email.to_address),
        Column("kind", _l("Kind"), lambda email: email.kind),
        Column("subject", _l("Subject"), lambda email: email.subject),
        Column("sent", _l("Sent"), lambda email: email.sent_at),
        Column("tries", _l("Tries"), lambda email: email.attempts, is_number=True),
        Column("error", _l("Error"), lambda email: email.last_error),
    ),
    filters=(
        Filter(
            "state",
            _l("Status"),
            {"sent": _l("Sent"), "waiting": _l("Waiting"), "given_up": _l("Given up")},
        ),
        Filter("kind", _l("Kind")),
        Filter("user", _l("User ID")),
    ),
)


@bp.get("/emails")
def emails() -> ResponseReturnValue:
    return lists.show(VIEW)


@bp.get("/emails.csv")
def export_emails() -> Response:
    return lists.export(VIEW)


@bp.get("/emails/<record:record_id>")
def email(record_id: int) -> str:
    found = email_records.get(record_id)
    return render_template(
        "admin/emails/show.html",
        email=found,
        text=mailer.read(email_records.letter_of(found)),
        lines=audit.list_about("email", record_id, limit=LINES_SHOWN),
    )


@bp.post("/emails/<record:record_id>/resend")
def resend_email(record_id: int) -> ResponseReturnValue:
    try:
        address = email_records.resend(record_id, actor=current_actor())
        flash(_("It goes to %(address)s once more.", address=address), "ok")
    except Conflict as refusal:
        flash(translate(refusal.detail), "bad")
    return redirect(url_for("admin.email", record_id=record_id), HTTPStatus.SEE_OTHER)
