"""Where Stripe's webhooks arrive."""

import structlog
from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from billing import clock, gateway
from billing.services import inbox
from billing.web import gateway as web_gateway
from billing.web import settings

bp = Blueprint("webhooks", __name__, url_prefix="/webhooks")

MAX_BODY_BYTES = 256 * 1024


@bp.post("/stripe")
def stripe() -> ResponseReturnValue:
    """Keep the event and apply it; anything but 2xx makes Stripe send it again."""
    request.max_content_length = MAX_BODY_BYTES
    event = gateway.verify(
        request.get_data(cache=False),
        request.headers.get("Stripe-Signature"),
        secrets=settings.current().stripe_webhook_secrets,
        now_epoch=int(clock.now().timestamp()),
    )
    structlog.contextvars.bind_contextvars(event_id=event.id)
    row = inbox.receive(event, gateway=web_gateway.current())
    return {"received": True, "state": row.state}
