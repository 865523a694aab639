"""Many AI requests in one call."""

from typing import Annotated

from pydantic import Field

from billing.blueprints.api.ai_requests import NewAiRequest
from billing.blueprints.api.documents import ReceiptDocument
from billing.domain.metering import Receipt
from billing.errors import BillingError, PaymentRequired
from billing.services import ai_request_batches
from billing.services.ai_request_batches import BatchItem
from billing.web.api.call import Call
from billing.web.api.declaration import Section, Who
from billing.web.api.documents import Body, Document, Key
from billing.web.api.problems import ProblemDocument, describe
from billing.web.links import external_url

section = Section("AI requests")

MAX_REQUESTS = 1_000
MAX_BODY_BYTES = 1024 * 1024


class BatchedAiRequest(NewAiRequest):
    """One AI request of a batch, with its own key."""

    idempotency_key: Key | None = None


class NewBatch(Body):
    """Up to 1,000 AI requests."""

    requests: Annotated[list[BatchedAiRequest], Field(min_length=1, max_length=MAX_REQUESTS)]


class OutcomeDocument(Document):
    """What came of one request: the receipt, or the problem that a call by itself would answer."""

    status: int
    replayed: bool
    receipt: ReceiptDocument | None
    problem: ProblemDocument | None


class BatchDocument(Document):
    """The outcomes, in the order of the requests."""

    data: list[OutcomeDocument]


@section.post("/ai-requests/batch", who=Who.ANY_KEY, max_body_bytes=MAX_BODY_BYTES)
def create_ai_request_batch(call: Call, body: NewBatch) -> BatchDocument:
    """Record up to 1,000 AI requests, each with its own key and its own outcome.

    One that is refused changes nothing for the others. Requests of one user are recorded in the
    order given.
    """
    items = [_item(request) for request in body.requests]
    outcomes = ai_request_batches.record_all(items, access=call.access)
    return BatchDocument(data=[_outcome(outcome) for outcome in outcomes])


def _item(request: BatchedAiRequest) -> BatchItem:
    user = None if request.user is None else str(request.user)
    return BatchItem(user, request.feature, request.quantity, request.idempotency_key)


def _outcome(outcome: Receipt | BillingError) -> OutcomeDocument:
    if isinstance(outcome, Receipt):
        receipt = ReceiptDocument.of(outcome)
        return OutcomeDocument(
            status=201, replayed=outcome.is_replay, receipt=receipt, problem=None
        )
    if isinstance(outcome, PaymentRequired):
        outcome.members["pricing_url"] = external_url("pricing.index")
    return OutcomeDocument(
        status=outcome.status, replayed=False, receipt=None, problem=describe(outcome)
    )
