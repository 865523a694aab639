"""AI requests: what the hosts call most, so nothing here touches the ORM."""

from typing import Annotated

from pydantic import Field

from billing.blueprints.api.documents import ReceiptDocument
from billing.domain.metering import MAX_QUANTITY
from billing.errors import (
    AccountInactive,
    FeatureNotInTier,
    IdempotencyMismatch,
    InsufficientTokens,
    UnknownFeature,
    UserNotFound,
)
from billing.services import metering
from billing.web.api.call import Call
from billing.web.api.declaration import Repeat, Section
from billing.web.api.documents import FeatureKey, ForUser

section = Section("AI requests")

Quantity = Annotated[int, Field(ge=1, le=MAX_QUANTITY)]


class NewAiRequest(ForUser):
    """AI requests that a user makes now."""

    feature: FeatureKey
    quantity: Quantity = 1


@section.post(
    "/ai-requests",
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
def create_ai_request(call: Call, body: NewAiRequest) -> ReceiptDocument:
    """Record AI requests of a user: quota first, the rest in tokens, all or nothing.

    The same `Idempotency-Key` again charges nothing and returns the first receipt.
    """
    receipt = metering.record(
        call.stand_in(), body.feature, body.quantity, idempotency_key=call.idempotency_key
    )
    call.is_replay = receipt.is_replay
    return ReceiptDocument.of(receipt)
