"""Holds: reserve an upper bound, settle what was really used, give back the rest.

`with hold(user, "ai_images", 5) as held:` releases when the block raises, and settles all of it
when the block ends without having settled.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from billing import clock
from billing.database import db, transaction
from billing.domain.metering import Receipt, Wanted
from billing.errors import (
    BillingError,
    HoldClosed,
    HoldNotFound,
    IdempotencyMismatch,
    InvalidInput,
)
from billing.models import Hold, HoldLot, UserTokenBalance
from billing.observability.timing import log_service_operation
from billing.services import due, entitlements, lots, refusals, settlements
from billing.services.identity import AnyUser, id_of

log = structlog.get_logger(__name__)

TTL_SECONDS = 600
MAX_TTL_SECONDS = 7 * 24 * 60 * 60
REFERENCE_PREFIX = "hold_"
MAX_NUMBER_LENGTH = 19


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a hold came to: a receipt for what it paid, one for what was drawn beyond it."""

    hold: str
    quantity: int
    shortfall: int
    receipts: tuple[Receipt, ...]


@dataclass(frozen=True, slots=True)
class HeldRequest:
    """An open reservation; `from_quota` and `tokens` are what it keeps for its user."""

    id: str
    user_id: int
    feature: str
    quantity: int
    from_quota: int
    tokens: int
    expires_at: datetime
    is_replay: bool = field(default=False, compare=False)

    def settle(self, quantity: int) -> Settlement:
        """Charge what was really used; see `settle`."""
        return settle(self.user_id, self.id, quantity)

    def release(self) -> None:
        """Give all of it back; see `release`."""
        release(self.user_id, self.id)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        if not is_open(self.user_id, self.id):
            return
        if kind is None:
            self.settle(self.quantity)
        else:
            self.release()


@log_service_operation
def hold(
    user: AnyUser,
    feature_key: str,
    quantity: int = 1,
    *,
    ttl_seconds: int = TTL_SECONDS,
    idempotency_key: str | None = None,
) -> HeldRequest:
    """Reserve AI requests: quota first, the rest in tokens, all or nothing.

    Joins the open transaction. What is not settled in time gives itself back.

    Args:
        user: who will make the requests.
        feature_key: a metered feature.
        quantity: the most that the work may come to.
        ttl_seconds: for how long, 1 second to 7 days.
        idempotency_key: the same key again returns the first hold.

    Raises:
        InsufficientTokens, FeatureNotInTier, UnknownFeature: as for recording it.
        IdempotencyMismatch: the key belongs to another hold.
        InvalidInput: the quantity, the time or the key is out of bounds.
    """
    wanted = Wanted(id_of(user), feature_key, quantity, idempotency_key)
    if not 1 <= ttl_seconds <= MAX_TTL_SECONDS:
        raise InvalidInput(f"A hold lasts 1 to {MAX_TTL_SECONDS} seconds.")
    now = clock.now()
    with transaction() as session:
        balance = due.lock_current(session, wanted.user_id, now)
        known = _find_by_key(session, wanted)
        if known is not None:
            return _replayed(known, wanted)
        expires_at = now + timedelta(seconds=ttl_seconds)
        outcome = _reserve(session, balance, wanted, expires_at=expires_at)
        due.reckon(session, balance, now)
    if isinstance(outcome, BillingError):
        raise outcome
    return _held_request(outcome, feature_key)


@log_service_operation
def settle(user_id: int, reference: str, quantity: int) -> Settlement:
    """Charge what was really used, once, and give back the rest to where it came from.

    What goes beyond the hold is drawn from what the user has now; what cannot be drawn is
    recorded as the shortfall. Joins the open transaction.

    Args:
        user_id: ours, the hold's owner.
        reference: the hold's id.
        quantity: how many requests it came to; 0 releases the hold.

    Raises:
        HoldNotFound: the user has no such hold.
        HoldClosed: it was settled or released, or its time is up.
        InvalidInput: the quantity is out of bounds.
    """
    if quantity == 0:
        release(user_id, reference)
        return Settlement(reference, 0, 0, ())
    now = clock.now()
    with transaction() as session:
        balance = due.lock_current(session, user_id, now)
        held = _find_open(session, user_id, reference)
        Wanted(user_id, held.feature.key, quantity, None)
        receipts = settlements.settle(session, balance, held, quantity=quantity, now=now)
        due.catch_up(session, balance, now)
        return Settlement(reference, quantity, held.shortfall, receipts)


@log_service_operation
def release(user_id: int, reference: str) -> None:
    """Give back all that the hold reserved. Joins the open transaction.

    Args:
        user_id: ours, the hold's owner.
        reference: the hold's id.

    Raises:
        HoldNotFound: the user has no such hold.
        HoldClosed: it was settled or released, or its time is up.
    """
    now = clock.now()
    with transaction() as session:
        balance = due.lock_current(session, user_id, now)
        held = _find_open(session, user_id, reference)
        settlements.release(session, balance, held, now)
        due.catch_up(session, balance, now)


@log_service_operation
def is_open(user_id: int, reference: str) -> bool:
    """Say whether the hold still reserves something.

    Args:
        user_id: ours, the hold's owner.
        reference: the hold's id.

    Raises:
        HoldNotFound: the user has no such hold.
    """
    with transaction() as session:
        due.lock_current(session, user_id, clock.now())
        return _find(session, user_id, reference).is_open


def get_owner(reference: str) -> int:
    """Return our id of the hold's user, for a caller who may act for any.

    Args:
        reference: the hold's id.

    Raises:
        HoldNotFound: there is no such hold.
    """
    held = _find_by_reference(db.session(), reference)
    if held is None:
        raise HoldNotFound("There is no such hold.")
    return held.user_id


def _reserve(
    session: Session, balance: UserTokenBalance, wanted: Wanted, *, expires_at: datetime
) -> Hold | BillingError:
    right = entitlements.find_right(wanted.user_id, wanted.feature_key)
    from_quota = balance.quota.covers(wanted.quantity)
    token_cost = 0 if right is None else right.token_cost
    tokens = (wanted.quantity - from_quota) * token_cost
    is_usable = right is not None and right.is_allowed and right.is_metered
    if right is None or not is_usable or tokens > balance.available:
        return refusals.refuse(
            session, balance, feature_key=wanted.feature_key, quantity=wanted.quantity
        )
    lots.settle(session, balance)
    parts = lots.reserve(session, wanted.user_id, tokens)
    balance.quota_held += from_quota
    balance.held += tokens
    held = Hold(
        user_id=wanted.user_id,
        feature_id=right.feature_id,
        tier_version_id=balance.tier_version_id,
        quantity=wanted.quantity,
        from_quota=from_quota,
        tokens=tokens,
        token_cost=token_cost,
        period_start=balance.period_start,
        idempotency_key=wanted.idempotency_key,
        expires_at=expires_at,
        lots=[
            HoldLot(position=position, lot=lot, tokens=part)
            for position, (lot, part) in enumerate(parts)
        ],
    )
    session.add(held)
    session.flush()  # the caller is told the id
    log.info("hold.opened", user_id=wanted.user_id, hold=held.reference, tokens=tokens)
    return held


def _find_open(session: Session, user_id: int, reference: str) -> Hold:
    held = _find(session, user_id, reference)
    if not held.is_open:
        raise HoldClosed(f"This hold is {held.state}.", state=str(held.state))
    return held


def _find(session: Session, user_id: int, reference: str) -> Hold:
    held = _find_by_reference(session, reference)
    if held is None or held.user_id != user_id:
        raise HoldNotFound("There is no such hold.")
    return held


def _find_by_reference(session: Session, reference: str) -> Hold | None:
    number = reference.removeprefix(REFERENCE_PREFIX)
    if not (number.isascii() and number.isdigit() and len(number) < MAX_NUMBER_LENGTH):
        return None
    return session.get(Hold, int(number))


def _find_by_key(session: Session, wanted: Wanted) -> Hold | None:
    if wanted.idempotency_key is None:
        return None
    return session.scalar(
        select(Hold).where(
            Hold.user_id == wanted.user_id, Hold.idempotency_key == wanted.idempotency_key
        )
    )


def _replayed(held: Hold, wanted: Wanted) -> HeldRequest:
    if (held.feature.key, held.quantity) != (wanted.feature_key, wanted.quantity):
        raise IdempotencyMismatch("This idempotency key belongs to another hold.")
    return _held_request(held, wanted.feature_key, is_replay=True)


def _held_request(held: Hold, feature_key: str, *, is_replay: bool = False) -> HeldRequest:
    return HeldRequest(
        id=held.reference,
        user_id=held.user_id,
        feature=feature_key,
        quantity=held.quantity,
        from_quota=held.from_quota,
        tokens=held.tokens,
        expires_at=held.expires_at,
        is_replay=is_replay,
    )
