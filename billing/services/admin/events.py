"""Webhook events at the desk: found, looked at, applied again, settled by hand."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import contains_eager, joinedload

from billing import clock
from billing.database import db, transaction
from billing.domain.statuses import EventState
from billing.errors import BillingError, EventNotFound
from billing.gateway import Gateway
from billing.messages import Message
from billing.models import User, WebhookAttempt, WebhookEvent
from billing.observability.redaction import REDACTED, redact
from billing.observability.timing import log_service_operation
from billing.services import audit, inbox, inbox_upkeep
from billing.services.admin.listing import Condition, Listing
from billing.services.admin_emails import UNAPPLIED
from billing.services.audit import Actor

ATTEMPTS_SHOWN = 50
PATIENCE = timedelta(seconds=20)
"""How long one request may replay; what is left then waits for the next."""
# Whoever has one of these sees the invoice or the receipt.
OPEN_ADDRESSES = frozenset({"hosted_invoice_url", "invoice_pdf", "receipt_url", "url"})
TOPICS = ("checkout", "customer", "subscription_schedule", "invoice", "charge", "refund")


@dataclass(frozen=True, slots=True)
class EventRecord:
    """An event, each try to apply it, newest first, and its payload without secrets."""

    event: WebhookEvent
    attempts: Sequence[WebhookAttempt]
    payload: str


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of applying events again; `left` were not tried for want of time."""

    settled: int
    failed: int
    left: int


def listing() -> Listing[WebhookEvent]:
    """Describe the list of all events, with whom they are about."""
    of_topics = [WebhookEvent.type.startswith(f"{topic}.") for topic in TOPICS]
    return Listing(
        rows=select(WebhookEvent).outerjoin(WebhookEvent.user),
        key=(WebhookEvent.id,),
        moment=WebhookEvent.received_at,
        options=(contains_eager(WebhookEvent.user),),
        search=_matches,
        sorts={
            "received": WebhookEvent.received_at,
            "type": WebhookEvent.type,
            "tries": WebhookEvent.attempts,
        },
        choices={
            "state": {
                "unapplied": WebhookEvent.state.in_(UNAPPLIED),
                **{state: WebhookEvent.state == state for state in EventState},
            },
            "topic": {
                **dict(zip(TOPICS, of_topics, strict=True)),
                "other": ~or_(*of_topics),
            },
            "delivered": {
                "once": WebhookEvent.deliveries == 1,
                "again": WebhookEvent.deliveries > 1,
            },
        },
    )


def get(event_id: int) -> WebhookEvent:
    """Return the event with whom it is about.

    Raises:
        EventNotFound: there is no such event.
    """
    event = db.session.scalar(
        select(WebhookEvent)
        .where(WebhookEvent.id == event_id)
        .options(joinedload(WebhookEvent.user))
    )
    if event is None:
        raise EventNotFound(Message("There is no such event."))
    return event


def get_record(event_id: int) -> EventRecord:
    """Return the event with its attempts and its payload.

    Raises:
        EventNotFound: there is no such event.
    """
    event = get(event_id)
    attempts = (
        select(WebhookAttempt)
        .where(WebhookAttempt.webhook_event_id == event_id)
        .order_by(WebhookAttempt.id.desc())
        .limit(ATTEMPTS_SHOWN)
    )
    payload = _without_addresses(redact(json.loads(event.payload)))
    return EventRecord(
        event,
        db.session.scalars(attempts).all(),
        json.dumps(payload, indent=2, ensure_ascii=False),
    )


@log_service_operation
def replay(events: Sequence[WebhookEvent], *, gateway: Gateway, actor: Actor) -> Replayed:
    """Apply the events again, whatever their state; safe to repeat.

    Args:
        events: of the inbox; those that 20 seconds do not suffice for are left.
        gateway: where their objects are read again.
        actor: who asks for it.
    """
    deadline, settled, tried = clock.now() + PATIENCE, 0, 0
    for event_id, stripe_event_id in [(event.id, event.stripe_event_id) for event in events]:
        if clock.now() >= deadline:
            break
        tried += 1
        settled += _replay(event_id, stripe_event_id, gateway, actor)
    return Replayed(settled, tried - settled, len(events) - tried)


def ignore(events: Sequence[WebhookEvent], *, reason: str, actor: Actor) -> int:
    """Settle the events without applying them; those that were applied are passed over.

    Args:
        events: of the inbox.
        reason: why nothing is to be done.
        actor: who looked.

    Returns:
        How many were settled.
    """
    waiting = [event.stripe_event_id for event in events if not event.is_settled]
    for stripe_event_id in waiting:
        inbox_upkeep.ignore(stripe_event_id, reason=reason, actor=actor)
    return len(waiting)


def _replay(event_id: int, stripe_event_id: str, gateway: Gateway, actor: Actor) -> bool:
    stored = inbox.get(stripe_event_id)
    before = _standing(stored)
    try:
        inbox.replay(stored, gateway=gateway, actor=str(actor))
        is_applied = True
    except BillingError:
        # Its row says why.
        is_applied = False
    with transaction() as session:
        row = session.get_one(WebhookEvent, event_id, populate_existing=True)
        audit.record(
            session,
            actor,
            "event.replayed",
            subject=("webhook_event", event_id),
            before=before,
            after=_standing(row),
        )
        return is_applied and row.last_error is None


def _standing(event: WebhookEvent) -> dict[str, object]:
    return {
        "state": event.state,
        "attempts": event.attempts,
        "last_error": event.last_error,
    }


def _matches(text: str) -> Condition:
    return or_(
        WebhookEvent.stripe_event_id == text,
        WebhookEvent.stripe_object_id == text,
        WebhookEvent.stripe_customer_id == text,
        WebhookEvent.type == text,
        User.email.icontains(text, autoescape=True),
    )


def _without_addresses(value: object) -> object:
    if isinstance(value, dict):
        return {
            name: REDACTED if below and name in OPEN_ADDRESSES else _without_addresses(below)
            for name, below in value.items()
        }
    return [_without_addresses(each) for each in value] if isinstance(value, list) else value
