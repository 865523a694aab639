"""The blueprint that every noun of the admin's desk adds its routes to."""

from flask import Blueprint

from billing.services.admin import navigation
from billing.web.admin.guard import admit_admins

bp = Blueprint("admin", __name__, url_prefix="/admin")
bp.before_request(admit_admins)


@bp.context_processor
def _frame() -> dict[str, object]:
    return {"desk": navigation.count()}
