"""Host webhooks: signed as Stripe signs, sent at least once, tried again for three days.

An event is claimed before it is sent, so two processes never send it at the same time. Order is
not promised: an event tells what happened, and the host asks for the present state.
"""

import hashlib
import hmac
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from sqlalchemy import select, update

from billing import clock
from billing.database import db, transaction
from billing.errors import EventNotFound
from billing.models import HostWebhook
from billing.observability.timing import log_service_operation

log = structlog.get_logger(__name__)

SIGNATURE_HEADER = "Billhook-Signature"
RETRY_DELAYS = tuple(
    timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 300, 600, 600, 600, 600, 600, 600)
)
GIVE_UP_AFTER = timedelta(days=3)
BATCH_SIZE = 50
SUCCESSES = range(200, 300)


class HostUnreachable(Exception):
    """The host's address could not be reached, or may not be; the text names no secret."""


class Sender(Protocol):
    """What reaches the network is always an argument."""

    def send(self, body: bytes, headers: dict[str, str]) -> int:
        """Post the body and return the status; raises HostUnreachable."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the host listens, and the secrets that it checks by; two while one is rotated."""

    sender: Sender
    secrets: tuple[str, ...]


def sign(body: bytes, *, secrets: Sequence[str], timestamp: int) -> str:
    """Return the signature header, as https://docs.stripe.com/webhooks#verify-manually has it.

    Args:
        body: to the byte.
        secrets: one `v1` each.
        timestamp: now, in Unix seconds.
    """
    signed = f"{timestamp}.".encode() + body
    digests = [hmac.new(key.encode(), signed, hashlib.sha256).hexdigest() for key in secrets]
    return ",".join([f"t={timestamp}", *(f"v1={digest}" for digest in digests)])


def deliver_pending(endpoint: Endpoint) -> int:
    """Send what is due and not older than three days.

    Args:
        endpoint: where to.

    Returns:
        How many the host took. A failure is logged and tried again later.
    """
    now = clock.now()
    due = db.session.scalars(
        select(HostWebhook.id)
        .where(
            HostWebhook.delivered_at.is_(None),
            HostWebhook.next_attempt_at <= now,
            HostWebhook.created_at > now - GIVE_UP_AFTER,
        )
        .order_by(HostWebhook.id)
        .limit(BATCH_SIZE)
    ).all()
    return sum(_deliver(webhook_id, endpoint) for webhook_id in due)


@log_service_operation
def replay(event_id: str, *, endpoint: Endpoint) -> HostWebhook:
    """Send one event again, whatever came of it before.

    Args:
        event_id: `evt_…`.
        endpoint: where to.

    Raises:
        EventNotFound: there is no such event.
    """
    webhook = get(event_id)
    with transaction() as session:
        row = session.get_one(HostWebhook, webhook.id)
        row.delivered_at, row.next_attempt_at = None, clock.now()
    _deliver(webhook.id, endpoint)
    return get(event_id)


def get(event_id: str) -> HostWebhook:
    """Return one event.

    Args:
        event_id: `evt_…`.

    Raises:
        EventNotFound: there is no such event.
    """
    db.session.rollback()
    found = db.session.scalar(select(HostWebhook).where(HostWebhook.event_id == event_id[:40]))
    if found is None:
        raise EventNotFound(f"No event {event_id[:40]!r} was made for the host.")
    return found


def list_newest(*, limit: int, only_waiting: bool = False) -> Sequence[HostWebhook]:
    """Return the newest events, newest first.

    Args:
        limit: how many at the most.
        only_waiting: leave out what the host has taken.
    """
    newest = select(HostWebhook).order_by(HostWebhook.id.desc()).limit(limit)
    if only_waiting:
        newest = newest.where(HostWebhook.delivered_at.is_(None))
    return db.session.scalars(newest).all()


def payload_of(webhook: HostWebhook) -> bytes:
    """Return what the host gets: an event as Stripe's are.

    Args:
        webhook: a row of the outbox.
    """
    event = {
        "id": webhook.event_id,
        "object": "event",
        "type": webhook.type,
        "created": int(webhook.created_at.timestamp()),
        "data": {"object": webhook.data},
    }
    return json.dumps(event, separators=(",", ":"), sort_keys=True).encode()


def _deliver(webhook_id: int, endpoint: Endpoint) -> bool:
    claimed = _claim(webhook_id)
    if claimed is None:
        return False
    event_id, body = claimed
    now = clock.now()
    signature = sign(body, secrets=endpoint.secrets, timestamp=int(now.timestamp()))
    status, problem = None, None
    try:
        status = endpoint.sender.send(body, {SIGNATURE_HEADER: signature})
    except HostUnreachable as error:
        problem = str(error)
    is_taken = status in SUCCESSES
    _note(
        webhook_id,
        last_status=status,
        last_error=None if is_taken else (problem or f"the host answered {status}")[:200],
        **({"delivered_at": now, "next_attempt_at": None} if is_taken else {}),
    )
    log.log(
        logging.INFO if is_taken else logging.WARNING,
        "host_webhook.sent",
        host_event_id=event_id,
        status=status,
        error=problem,
    )
    return is_taken


def _claim(webhook_id: int) -> tuple[str, bytes] | None:
    """Take the event for this attempt; None when another process has it."""
    now = clock.now()
    with transaction() as session:
        webhook = session.scalar(
            select(HostWebhook)
            .where(
                HostWebhook.id == webhook_id,
                HostWebhook.delivered_at.is_(None),
                HostWebhook.next_attempt_at <= now,
            )
            .with_for_update(skip_locked=True)
        )
        if webhook is None:
            return None
        webhook.next_attempt_at = _next_attempt(webhook.attempts, now)
        webhook.attempts += 1
        return webhook.event_id, payload_of(webhook)


def _next_attempt(attempts: int, now: datetime) -> datetime | None:
    return now + RETRY_DELAYS[attempts] if attempts < len(RETRY_DELAYS) else None


def _note(webhook_id: int, **values: object) -> None:
    with transaction() as session:
        session.execute(update(HostWebhook).where(HostWebhook.id == webhook_id).values(**values))
