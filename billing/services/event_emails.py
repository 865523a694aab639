"""E-mails to the admins: a webhook event that is not applied, and that somebody has to look at."""

from sqlalchemy import func, select

from billing import clock
from billing.database import transaction
from billing.domain.statuses import EventState
from billing.models import User, WebhookEvent
from billing.observability.timing import log_service_operation
from billing.services import emails

UNAPPLIED = (EventState.FAILED, EventState.PARKED)
TRIES_BEFORE_TELLING = 3
"""One failure mends itself; the third comes six minutes after the first."""


@log_service_operation
def tell_of_failure(row: WebhookEvent) -> None:
    """Write to every admin, once a day, that events are failing; joins the open transaction.

    Args:
        row: an event that was tried just now, and not applied.
    """
    is_failing = row.attempts >= TRIES_BEFORE_TELLING or row.needs_a_person
    if row.is_settled or not is_failing:
        return
    with transaction() as session:
        session.flush()
        unapplied = select(func.count()).where(WebhookEvent.state.in_(UNAPPLIED))
        context = {
            "event_id": row.stripe_event_id,
            "event_type": row.type,
            "error": row.last_error,
            "attempts": row.attempts,
            "is_retried": not row.needs_a_person,
            "unapplied": session.scalar(unapplied),
        }
        admins = select(User).where(
            User.is_admin, User.disabled_at.is_(None), User.closed_at.is_(None)
        )
        for admin in session.scalars(admins).all():
            key = f"webhook_failing:{admin.id}:{clock.now():%Y-%m-%d}"
            emails.enqueue(admin, "webhook_failing", dedupe_key=key, context=context)
