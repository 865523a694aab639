"""All that is kept of a person, for that person."""

from flask import Blueprint, Response, stream_with_context

from billing import clock
from billing.services import data_export
from billing.web import json_export
from billing.web.login import current_person, login_required

bp = Blueprint("data_export", __name__)


@bp.get("/data.json")
@login_required
def download() -> Response:
    person = current_person()
    document = json_export.document(data_export.profile(person), data_export.sections(person))
    name = f"account-data-{clock.now():%Y-%m-%d}.json"
    return Response(
        stream_with_context(document),
        mimetype="application/json",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
