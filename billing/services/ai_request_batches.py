"""Batches: many AI requests in one call, each with its own key and its own outcome."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select

from billing.database import db
from billing.domain.metering import Receipt
from billing.errors import AccountInactive, BillingError, InvalidInput, UserNotFound
from billing.models import User
from billing.services import metering_batch
from billing.services.api_access import Access
from billing.services.identity import StandIn, stand_in_for
from billing.services.metering_batch import BatchRequest
from billing.services.users import ID_PATTERN, MAX_ID


@dataclass(frozen=True, slots=True)
class BatchItem:
    """One AI request of a batch; `user` is the host's external id, or our id."""

    user: str | None
    feature: str
    quantity: int
    idempotency_key: str | None


def record_all(items: Sequence[BatchItem], *, access: Access) -> list[Receipt | BillingError]:
    """Record each request by itself; what one of them comes to changes no other.

    Args:
        items: those of one user are recorded in the order given.
        access: the key; a user key records for its own user only.

    Returns:
        A receipt or the refusal for each item, in their order.
    """
    known = _known_users({item.user for item in items if item.user is not None}, access)
    whose = [_find_user(item, known) for item in items]
    requests = [
        BatchRequest(user, item.feature, item.quantity, item.idempotency_key)
        for item, user in zip(items, whose, strict=True)
        if isinstance(user, StandIn)
    ]
    recorded = iter(metering_batch.record_batch(requests))
    return [next(recorded) if isinstance(each, StandIn) else each for each in whose]


def _find_user(item: BatchItem, known: Mapping[str | None, User]) -> StandIn | BillingError:
    user = known.get(item.user)
    if user is not None and user.is_active:
        return stand_in_for(user)
    if user is not None:
        return AccountInactive("The account of this user is disabled or closed.")
    if item.user is None:
        problem = "A service key names the user."
        return InvalidInput(problem, errors={"user": problem})
    return UserNotFound("There is no user with this id.")


def _known_users(references: set[str], access: Access) -> Mapping[str | None, User]:
    """Map what may be said to whom it means; a user key may also say nothing."""
    if not access.is_service:
        user = User(id=access.user_id, external_id=access.external_id)
        return {None: user, str(access.user_id): user, access.external_id: user}
    ids = [int(each) for each in references if ID_PATTERN.fullmatch(each)]
    named = or_(User.external_id.in_(references), User.id.in_([i for i in ids if i <= MAX_ID]))
    found = db.session.scalars(select(User).where(named)).all()
    known: dict[str | None, User] = {str(user.id): user for user in found}
    # The host's own ids win over ours.
    known.update({user.external_id: user for user in found if user.external_id is not None})
    return known
