"""The blueprint that every noun of the admin's desk adds its routes to."""

from flask import Blueprint

from billing.errors import Conflict, GatewayError
from billing.services.admin import navigation
from billing.web.admin import record_ids
from billing.web.admin.answers import refuse
from billing.web.admin.guard import admit_admins
from billing.web.admin.stripe_links import stripe_url

bp = Blueprint("admin", __name__, url_prefix="/admin")
bp.record_once(record_ids.register)
bp.before_request(admit_admins)
bp.register_error_handler(Conflict, refuse)
bp.register_error_handler(GatewayError, refuse)


@bp.context_processor
def _frame() -> dict[str, object]:
    return {"desk": navigation.count(), "stripe_url": stripe_url}
