"""Upkeep of the inbox: what a person settles by hand, what is too old, what tells too much."""

from datetime import timedelta
from typing import Any, cast

import structlog
from sqlalchemy import CursorResult, delete, update
from sqlalchemy.orm import Session

from billing import clock
from billing.database import transaction
from billing.domain.statuses import SETTLED_STATES, EventState
from billing.errors import Conflict, InvalidInput
from billing.models import User, WebhookEvent
from billing.observability.timing import log_service_operation
from billing.services import audit, inbox
from billing.services.audit import Who

log = structlog.get_logger(__name__)

KEPT_DAYS = 31
KEPT_BY_THE_WORKER_DAYS = 90
FORGOTTEN = "{}"


@log_service_operation
def ignore(stripe_event_id: str, *, reason: str, actor: Who) -> WebhookEvent:
    """Settle an event without applying it: a person has looked and nothing is to be done.

    Args:
        stripe_event_id: Stripe's id.
        reason: why, for the audit log.
        actor: who looked.

    Raises:
        EventNotFound: it never reached us.
        Conflict: it was applied already.
    """
    inbox.get(stripe_event_id)
    with transaction() as session:
        row = inbox.lock(session, stripe_event_id)
        if row.state == EventState.PROCESSED:
            raise Conflict(f"Event {stripe_event_id} was applied already.")
        audit.record(
            session,
            actor,
            "event.ignored",
            subject=("webhook_event", row.id),
            before={"state": row.state, "last_error": row.last_error},
            after={"stripe_event_id": stripe_event_id, "state": EventState.IGNORED},
            reason=reason,
        )
        row.state = EventState.IGNORED
        row.next_attempt_at = None
        row.processed_at = clock.now()
    log.info("webhook.ignored", event_id=stripe_event_id, actor=str(actor))
    return row


def forget_closed(session: Session) -> None:
    """Empty the payloads that tell of people whose accounts are closed.

    An event is applied by what Stripe says of its object at that time: nothing reads its payload.

    Args:
        session: the session of the open transaction.
    """
    is_of_nobody = WebhookEvent.user.has(User.closed_at.is_not(None))
    session.execute(
        update(WebhookEvent)
        .where(WebhookEvent.payload != FORGOTTEN, is_of_nobody)
        .values(payload=FORGOTTEN)
        .execution_options(synchronize_session=False)
    )


@log_service_operation
def purge_old() -> int:
    """Forget what was settled and came 90 days ago or earlier, for the worker; return how many.

    What came about people after they had closed their accounts is emptied.
    """
    with transaction() as session:
        forget_closed(session)
    return purge(older_than_days=KEPT_BY_THE_WORKER_DAYS)


@log_service_operation
def purge(*, older_than_days: int) -> int:
    """Forget settled events; what waits, failed or is parked stays.

    Args:
        older_than_days: how long ago they came, at least the 31 days after which reconciliation
            can no longer meet them at Stripe.

    Returns:
        How many.

    Raises:
        InvalidInput: they are too young.
    """
    if older_than_days < KEPT_DAYS:
        raise InvalidInput(f"Events are kept for {KEPT_DAYS} days at least.")
    before = clock.now() - timedelta(days=older_than_days)
    with transaction() as session:
        gone = session.execute(
            delete(WebhookEvent).where(
                WebhookEvent.state.in_(SETTLED_STATES), WebhookEvent.received_at < before
            )
        )
    purged = cast("CursorResult[Any]", gone).rowcount
    log.info("webhook.purged", events=purged, before=before.isoformat())
    return purged
