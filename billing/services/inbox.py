"""The inbox: each Stripe event is kept first, then applied; what fails stays and comes again."""

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from billing import clock
from billing.database import db, insert_into, transaction
from billing.domain.statuses import EventState
from billing.errors import BillingError, EventNotFound, NotFound, StripeMismatch
from billing.gateway import Event, Gateway
from billing.models import WebhookEvent
from billing.services.stripe_events import effect_of

log = structlog.get_logger(__name__)

MAX_ERROR_LENGTH = 500


def receive(event: Event, *, gateway: Gateway) -> WebhookEvent:
    """Keep the event, then apply it; a second delivery of a settled one does nothing.

    From the first commit on nothing is lost: if applying fails, the row says why.

    Args:
        event: an event whose signature was verified.
        gateway: where the event's object is read again.

    Returns:
        The inbox row, `processed`, `ignored` or `parked`.

    Raises:
        GatewayUnavailable: its object could not be read. Whatever is raised here, Stripe is to
            send the event again.
    """
    is_foreign = event.is_live != gateway.is_live
    stored = _keep(event, EventState.IGNORED if is_foreign else EventState.PENDING)
    if is_foreign:
        log.error("webhook.wrong_mode", event_id=event.id, is_live=event.is_live)
    elif stored.is_settled:
        log.info("webhook.duplicate", event_id=event.id, event_type=event.type)
    else:
        return replay(stored, gateway=gateway)
    return stored


def replay(stored: WebhookEvent, *, gateway: Gateway) -> WebhookEvent:
    """Apply a kept event (again): safe to repeat, whatever its state.

    Args:
        stored: a row of the inbox.
        gateway: where the event's object is read again.

    Raises:
        GatewayUnavailable: its object could not be read. Whatever is raised, the row keeps it.
    """
    try:
        effect = effect_of(stored.type, stored.stripe_object_id, gateway=gateway)
        with transaction() as session:
            row = _lock(session, stored.stripe_event_id)
            if effect is not None:
                effect()
            row.state = EventState.IGNORED if effect is None else EventState.PROCESSED
            row.attempts += 1
            row.last_error = None
            row.processed_at = clock.now()
    except (StripeMismatch, NotFound) as error:
        # Sending it again changes nothing: a person has to look.
        return _stamp(stored, EventState.PARKED, error)
    except Exception as error:
        _stamp(stored, EventState.FAILED, error)
        raise
    log.info("webhook.applied", event_id=row.stripe_event_id, event_type=row.type, state=row.state)
    return row


def get(stripe_event_id: str) -> WebhookEvent:
    """Return the event of the inbox.

    Raises:
        EventNotFound: it never reached us.
    """
    row = db.session.scalar(
        select(WebhookEvent).where(WebhookEvent.stripe_event_id == stripe_event_id)
    )
    if row is None:
        raise EventNotFound(f"No event {stripe_event_id} has reached us.")
    return row


def list_events(*, state: EventState | None = None, limit: int = 50) -> list[WebhookEvent]:
    """Return the newest events.

    Args:
        state: only those in this state.
        limit: how many at the most.
    """
    newest = select(WebhookEvent).order_by(WebhookEvent.id.desc()).limit(limit)
    if state is not None:
        newest = newest.where(WebhookEvent.state == state)
    return list(db.session.scalars(newest))


def _keep(event: Event, state: EventState) -> WebhookEvent:
    with transaction() as session:
        session.execute(
            insert_into(WebhookEvent)
            .values(
                stripe_event_id=event.id,
                type=event.type,
                stripe_object_id=event.object_id,
                api_version=event.api_version,
                payload=event.payload,
                state=state,
                attempts=0,
                received_at=clock.now(),
            )
            .on_conflict_do_nothing(index_elements=["stripe_event_id"])
        )
    return get(event.id)


def _lock(session: Session, stripe_event_id: str) -> WebhookEvent:
    locked = (
        select(WebhookEvent)
        .where(WebhookEvent.stripe_event_id == stripe_event_id)
        .with_for_update()
    )
    return session.scalars(locked.execution_options(populate_existing=True)).one()


def _stamp(stored: WebhookEvent, state: EventState, error: Exception) -> WebhookEvent:
    detail = error.detail if isinstance(error, BillingError) else type(error).__name__
    with transaction() as session:
        row = _lock(session, stored.stripe_event_id)
        if not row.is_settled:
            row.state = state
        row.attempts += 1
        row.last_error = detail[:MAX_ERROR_LENGTH]
    log.warning(
        "webhook.not_applied",
        event_id=row.stripe_event_id,
        event_type=row.type,
        state=state,
        error=detail,
        exc_info=error,
    )
    return row
