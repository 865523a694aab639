"""Holds: reserve before work whose cost is known only at its end, then settle or release."""

from typing import Annotated

from pydantic import Field

from billing.blueprints.api.ai_requests import Quantity
from billing.blueprints.api.documents import HoldDocument, SettlementDocument
from billing.domain.metering import MAX_QUANTITY
from billing.errors import (
    AccountInactive,
    FeatureNotInTier,
    HoldClosed,
    HoldNotFound,
    IdempotencyMismatch,
    InsufficientTokens,
    UnknownFeature,
    UserNotFound,
)
from billing.models import User
from billing.services import holds, usage
from billing.services.holds import MAX_TTL_SECONDS, TTL_SECONDS, Settlement
from billing.web.api.call import Call
from billing.web.api.declaration import Repeat, Section, Who
from billing.web.api.documents import FeatureKey, ForUser

section = Section("Holds")

CLOSING = (HoldNotFound, HoldClosed, UserNotFound, AccountInactive)


class NewHold(ForUser):
    """The most that the work may come to."""

    feature: FeatureKey
    quantity: Quantity = 1
    ttl: Annotated[int, Field(ge=1, le=MAX_TTL_SECONDS)] = Field(
        TTL_SECONDS, description="Seconds after which an unsettled hold gives itself back."
    )


class Settling(ForUser):
    """What the work came to; 0 releases the hold."""

    quantity: Annotated[int, Field(ge=0, le=MAX_QUANTITY)]


@section.post(
    "/holds",
    status=201,
    repeat=Repeat.KNOWN_BY_SERVICE,
    raises=(
        InsufficientTokens,
        FeatureNotInTier,
        UnknownFeature,
        UserNotFound,
        AccountInactive,
        IdempotencyMismatch,
    ),
)
def create_hold(call: Call, body: NewHold) -> HoldDocument:
    """Reserve quota and tokens for work whose cost is known only at its end.

    The same `Idempotency-Key` again returns the first hold.
    """
    held = holds.hold(
        call.stand_in(),
        body.feature,
        body.quantity,
        ttl_seconds=body.ttl,
        idempotency_key=call.idempotency_key,
    )
    call.is_replay = held.is_replay
    return HoldDocument.of(held, user=call.user_reference)


@section.post("/holds/<hold>/settle", who=Who.ANY_KEY, raises=CLOSING)
def settle_hold(call: Call, body: Settling, hold: str) -> SettlementDocument:
    """Charge what was really used, once, and give back the rest.

    More than was held is drawn from what the user has now; what cannot be drawn is the
    `shortfall`.
    """
    user_id = call.access.user_id or holds.get_owner(hold)
    settlement = holds.settle(user_id, hold, body.quantity)
    return SettlementDocument.of(settlement, now=usage.summary(User(id=user_id)))


@section.post("/holds/<hold>/release", who=Who.ANY_KEY, raises=CLOSING)
def release_hold(call: Call, body: ForUser, hold: str) -> SettlementDocument:  # noqa: ARG001
    """Give back all that the hold reserved."""
    user_id = call.access.user_id or holds.get_owner(hold)
    holds.release(user_id, hold)
    released = Settlement(hold, quantity=0, shortfall=0, receipts=())
    return SettlementDocument.of(released, now=usage.summary(User(id=user_id)))
