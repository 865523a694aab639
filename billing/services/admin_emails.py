"""E-mails to the admins: what went wrong with Stripe, and somebody has to look at."""

from collections.abc import Mapping

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billing import clock
from billing.database import transaction
from billing.domain.statuses import EventState
from billing.errors import Member
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
        _write(session, "webhook_failing", f"{clock.now():%Y-%m-%d}", context)


@log_service_operation
def tell_of_second_subscription(user: User, stripe_subscription_id: str) -> None:
    """Tell every admin that a person was charged twice and has the second payment back.

    Joins the open transaction.

    Args:
        user: who had two live subscriptions.
        stripe_subscription_id: the one that was cancelled and refunded.
    """
    context: dict[str, Member] = {
        "user_id": user.id,
        "email": user.email,
        "subscription_id": stripe_subscription_id,
    }
    with transaction() as session:
        _write(session, "second_subscription", stripe_subscription_id, context)


def _write(session: Session, kind: str, subject: str, context: Mapping[str, Member]) -> None:
    """Write to every admin, once about each subject."""
    admins = select(User).where(User.is_admin, User.disabled_at.is_(None), User.closed_at.is_(None))
    for admin in session.scalars(admins).all():
        emails.enqueue(admin, kind, dedupe_key=f"{kind}:{admin.id}:{subject}", context=context)
