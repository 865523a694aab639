"""The inbox: each Stripe event is kept first, then applied; what fails stays and comes again."""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session
from structlog.contextvars import bound_contextvars

from billing import clock
from billing.database import db, insert_into, transaction
from billing.domain.statuses import EventState
from billing.errors import (
    BillingError,
    EventNotFound,
    NotFound,
    StripeMismatch,
)
from billing.gateway import Event, Gateway
from billing.models import WebhookAttempt, WebhookEvent
from billing.observability import metrics
from billing.observability.timing import log_service_operation
from billing.services import admin_emails, touches
from billing.services.stripe_events import effect_of
from billing.services.touches import Touch

log = structlog.get_logger(__name__)

MAX_ERROR_LENGTH = 500
STRIPE, WORKER = "stripe", "worker"
# Stripe itself sends again for three days; after these it is a person's turn.
RETRY_DELAYS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240, 720, 1440, 1440))


@log_service_operation
def receive(event: Event, *, gateway: Gateway, actor: str = STRIPE) -> WebhookEvent:
    """Keep the event, then apply it; a second delivery of a settled one does nothing.

    From the first commit on nothing is lost: if applying fails, the row says why.

    Args:
        event: an event whose signature was verified.
        gateway: where the event's object is read again.
        actor: who brought it, for the list of attempts.

    Returns:
        The inbox row, `processed`, `ignored` or `parked`.

    Raises:
        GatewayUnavailable: its object could not be read. Whatever is raised here, Stripe is to
            send the event again.
    """
    is_foreign = event.is_live != gateway.is_live or event.account_id is not None
    stored = _keep(event, EventState.IGNORED if is_foreign else EventState.PENDING)
    if is_foreign:
        metrics.WEBHOOKS.labels("foreign").inc()
        log.error(
            "webhook.foreign",
            event_id=event.id,
            is_live=event.is_live,
            account_id=event.account_id,
        )
    elif stored.is_settled:
        metrics.WEBHOOKS.labels("duplicate").inc()
        log.info("webhook.duplicate", event_id=event.id, event_type=event.type)
    else:
        return replay(stored, gateway=gateway, actor=actor)
    return stored


@log_service_operation
def replay(stored: WebhookEvent, *, gateway: Gateway, actor: str) -> WebhookEvent:
    """Apply a kept event (again): safe to repeat, whatever its state.

    Args:
        stored: a row of the inbox.
        gateway: where the event's object is read again.
        actor: who applies it, for the list of attempts.

    Raises:
        GatewayUnavailable: its object could not be read. Whatever is raised, the row keeps it.
    """
    with bound_contextvars(event_id=stored.stripe_event_id):
        row = _apply(stored, gateway=gateway, actor=actor)
    metrics.WEBHOOKS.labels(row.state).inc()
    return row


def _apply(stored: WebhookEvent, *, gateway: Gateway, actor: str) -> WebhookEvent:
    try:
        effect = effect_of(stored.type, stored.stripe_object_id, gateway=gateway)
        with transaction() as session:
            row = lock(session, stored.stripe_event_id)
            with touches.noted(session) as touched:
                if effect is not None:
                    effect()
            row.state = EventState.IGNORED if effect is None else EventState.PROCESSED
            row.attempts += 1
            row.last_error = row.next_attempt_at = None
            row.processed_at = clock.now()
            session.add(_attempt(row, row.state, actor=actor, touched=touched))
    except (StripeMismatch, NotFound) as error:
        # Sending it again changes nothing: a person has to look.
        return _stamp(stored, EventState.PARKED, error, actor=actor)
    except Exception as error:
        _stamp(stored, EventState.FAILED, error, actor=actor)
        metrics.WEBHOOKS.labels(EventState.FAILED).inc()
        raise
    log.info("webhook.applied", event_type=row.type, state=row.state)
    return row


@log_service_operation
def retry_due(*, gateway: Gateway, is_stopped: Callable[[], bool] = lambda: False) -> int:
    """Apply every event whose next attempt is due: those that failed, or were never finished.

    Args:
        gateway: where their objects are read again.
        is_stopped: asked before each event; the others wait for the next time.

    Returns:
        How many were tried; what came of each stands in its row.
    """
    tried = 0
    while not is_stopped() and (claimed := _claim_due()) is not None:
        tried += 1
        try:
            replay(claimed, gateway=gateway, actor=WORKER)
        except Exception:
            # Its row says why and when it is tried again; the next event must not wait for that.
            log.exception("webhook.retry_failed", event_id=claimed.stripe_event_id)
    return tried


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
                stripe_customer_id=event.customer_id,
                api_version=event.api_version,
                payload=event.payload,
                state=state,
                attempts=0,
                deliveries=1,
                received_at=clock.now(),
                next_attempt_at=_first_retry(state),
            )
            .on_conflict_do_update(
                index_elements=["stripe_event_id"],
                set_={"deliveries": WebhookEvent.deliveries + 1},
            )
        )
    return get(event.id)


def lock(session: Session, stripe_event_id: str) -> WebhookEvent:
    """Lock the event's row until the transaction ends.

    Args:
        session: the session of the open transaction.
        stripe_event_id: an event that is kept.
    """
    locked = (
        select(WebhookEvent)
        .where(WebhookEvent.stripe_event_id == stripe_event_id)
        .with_for_update()
    )
    return session.scalars(locked.execution_options(populate_existing=True)).one()


def _claim_due() -> WebhookEvent | None:
    """Take the event for this attempt, so that two workers never work on the same one."""
    now = clock.now()
    with transaction() as session:
        row = session.scalar(
            select(WebhookEvent)
            .where(WebhookEvent.next_attempt_at <= now)
            .order_by(WebhookEvent.next_attempt_at)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        if row is not None:
            row.next_attempt_at = now + RETRY_DELAYS[0]
        return row


def _first_retry(state: EventState) -> datetime | None:
    """A row that is still pending then was left behind by a process that fell."""
    return clock.now() + RETRY_DELAYS[0] if state == EventState.PENDING else None


def _stamp(
    stored: WebhookEvent, state: EventState, error: Exception, *, actor: str
) -> WebhookEvent:
    detail = error.detail if isinstance(error, BillingError) else type(error).__name__
    with transaction() as session:
        row = lock(session, stored.stripe_event_id)
        if not row.is_settled:
            row.state = state
        row.attempts += 1
        row.last_error = detail[:MAX_ERROR_LENGTH]
        row.next_attempt_at = _next_attempt(row)
        session.add(_attempt(row, state, actor=actor, error=row.last_error))
        admin_emails.tell_of_failure(row)
    log.log(
        logging.ERROR if row.needs_a_person else logging.WARNING,
        "webhook.not_applied",
        event_type=row.type,
        state=state,
        error=detail,
        exc_info=error,
    )
    return row


def _attempt(
    row: WebhookEvent,
    state: EventState,
    *,
    actor: str,
    error: str | None = None,
    touched: Sequence[Touch] = (),
) -> WebhookAttempt:
    return WebhookAttempt(
        webhook_event_id=row.id, state=state, actor=actor, error=error, touched=list(touched)
    )


def _next_attempt(row: WebhookEvent) -> datetime | None:
    if row.state != EventState.FAILED or row.attempts > len(RETRY_DELAYS):
        return None
    return clock.now() + RETRY_DELAYS[row.attempts - 1]
