"""Idempotency: a request that is sent again under its key gets the first answer and does nothing.

Only successes are kept. A refusal has changed nothing, so the same key may succeed later: after a
purchase, say. While the first request is being worked on, its repetition is told to wait.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlalchemy import ColumnElement, delete, select, update

from billing import clock
from billing.database import insert_into, transaction
from billing.errors import IdempotencyInFlight, IdempotencyMismatch
from billing.models import IdempotencyKey

log = structlog.get_logger(__name__)

CLAIM = timedelta(minutes=2)
"""Longer than any request: a claim this old belongs to a process that fell."""
LIFETIME = timedelta(days=3)
RETRY_AFTER_SECONDS = 1


@dataclass(frozen=True, slots=True)
class KeyedRequest:
    """A request with its key; the fingerprint covers all that makes it this request."""

    owner: str
    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """An answer as it was sent."""

    status: int
    body: str


def once(request: KeyedRequest, work: Callable[[], KeptAnswer]) -> tuple[KeptAnswer, bool]:
    """Do the work of a request, or return what it answered before.

    Args:
        request: whose, under which key, and what.
        work: does it and returns the answer; whatever it raises frees the key.

    Returns:
        The answer, and whether it is a replay.

    Raises:
        IdempotencyMismatch: the key was used for another request.
        IdempotencyInFlight: the first request is still being worked on.
    """
    kept = _claim(request)
    if kept is not None:
        return kept, True
    try:
        answer = work()
    except BaseException:
        _forget(request)
        raise
    _keep(request, answer)
    return answer, False


def _claim(request: KeyedRequest) -> KeptAnswer | None:
    """Take the key for this request, or return the answer that it got before."""
    now = clock.now()
    with transaction() as session:
        session.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at < now - LIFETIME))
        claimed = session.scalar(
            insert_into(IdempotencyKey)
            .values(
                owner=request.owner,
                key=request.key,
                fingerprint=request.fingerprint,
                claimed_until=now + CLAIM,
                created_at=now,
            )
            .on_conflict_do_nothing(index_elements=["owner", "key"])
            .returning(IdempotencyKey.id)
        )
        if claimed is not None:
            return None
        known = session.scalars(
            select(IdempotencyKey)
            .where(_is(request))
            .with_for_update()
            .execution_options(populate_existing=True)
        ).one_or_none()
        if known is None:
            # It was refused since, which has freed the key.
            raise _in_flight()
        if known.fingerprint != request.fingerprint:
            raise IdempotencyMismatch("This idempotency key was used for another request.")
        if known.status is not None:
            return KeptAnswer(known.status, known.body or "")
        if known.claimed_until > now:
            raise _in_flight()
        known.claimed_until = now + CLAIM
        log.warning("idempotency.claim_taken_over", owner=request.owner)
    return None


def _in_flight() -> IdempotencyInFlight:
    return IdempotencyInFlight(
        "The first request with this key is still being worked on.",
        retry_after_seconds=RETRY_AFTER_SECONDS,
    )


def _keep(request: KeyedRequest, answer: KeptAnswer) -> None:
    with transaction() as session:
        session.execute(
            update(IdempotencyKey)
            .where(_is(request))
            .values(status=answer.status, body=answer.body)
        )


def _forget(request: KeyedRequest) -> None:
    with transaction() as session:
        session.execute(
            delete(IdempotencyKey).where(*_is(request), IdempotencyKey.status.is_(None))
        )


def _is(request: KeyedRequest) -> ColumnElement[bool]:
    return (IdempotencyKey.owner == request.owner) & (IdempotencyKey.key == request.key)
