"""Batches: up to a thousand AI requests of many users in one transaction, each with its outcome.

The rows of all the users are locked in ascending order, so that two batches never wait for each
other in a circle. What each request takes is reckoned here, by the rule that the single statement
has; then everything is written in one statement a table.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from billing import clock
from billing.database import transaction
from billing.domain.metering import Receipt, Wanted
from billing.errors import BillingError, IdempotencyMismatch, InvalidInput
from billing.observability import decisions
from billing.observability.timing import log_service_operation
from billing.services import batch_rows, due, refusals
from billing.services.batch_rows import Account, Charge
from billing.services.refusals import Refused, Standing

MAX_REQUESTS = 1_000

Outcome = Receipt | BillingError


@dataclass(frozen=True, slots=True)
class BatchRequest:
    """One request of a batch; its key makes it happen once, in whatever batch it comes."""

    user_id: int
    feature_key: str
    quantity: int = 1
    idempotency_key: str | None = None


@log_service_operation
def record_batch(requests: Sequence[BatchRequest]) -> list[Outcome]:
    """Record each request or refuse it, as if they had come one after the other.

    Joins the open transaction.

    Args:
        requests: up to 1,000; their users exist.

    Returns:
        What `record` would have returned or raised, in the order of the requests.

    Raises:
        InvalidInput: there are too many requests.
    """
    if len(requests) > MAX_REQUESTS:
        raise InvalidInput(f"A batch has at most {MAX_REQUESTS} requests.")
    outcomes = [_parse(request) for request in requests]
    wanted = [outcome for outcome in outcomes if isinstance(outcome, Wanted)]
    if wanted:
        with transaction() as session:
            batch = _Batch(session, wanted, clock.now())
            decided = [batch.decide(each) for each in wanted]
            batch.write()
            decisions.count_all(each for each in decided if isinstance(each, Receipt))
            recorded = iter(decided)
            return [next(recorded) if isinstance(each, Wanted) else each for each in outcomes]
    return [each for each in outcomes if not isinstance(each, Wanted)]


@log_service_operation
def record_one(wanted: Wanted) -> Receipt:
    """Record what the fast way could not, or refuse it. Joins the open transaction.

    Args:
        wanted: of a user that exists.

    Raises:
        BillingError: why it was refused, as `metering.record` says.
    """
    with transaction() as session:
        batch = _Batch(session, [wanted], clock.now())
        outcome = batch.decide(wanted)
        batch.write()
    if isinstance(outcome, BillingError):
        raise outcome
    decisions.count(outcome)
    return outcome


def _parse(request: BatchRequest) -> Wanted | InvalidInput:
    try:
        return Wanted(
            request.user_id, request.feature_key, request.quantity, request.idempotency_key
        )
    except InvalidInput as error:
        return error


class _Batch:
    def __init__(self, session: Session, wanted: Sequence[Wanted], now: datetime) -> None:
        self.session = session
        self.now = now
        user_ids = sorted({each.user_id for each in wanted})
        self.accounts = self._lock(user_ids)
        self.rights = batch_rows.read_rights(
            session, user_ids, feature_keys={each.feature_key for each in wanted}, now=now
        )
        keys = [(each.user_id, each.idempotency_key) for each in wanted if each.idempotency_key]
        self.receipts = batch_rows.read_twins(session, keys, self.accounts)
        self.charges: list[Charge] = []
        self.refused: list[Refused] = []

    def _lock(self, user_ids: Sequence[int]) -> dict[int, Account]:
        self.session.flush()  # the caller's changes count
        accounts = batch_rows.lock(self.session, user_ids)
        overdue = [
            user_id
            for user_id in user_ids
            if user_id not in accounts or accounts[user_id].is_overdue(self.now)
        ]
        if not overdue:
            return accounts
        for user_id in overdue:
            due.lock_current(self.session, user_id, self.now)
        self.session.flush()  # what was due is read back below
        return batch_rows.lock(self.session, user_ids)

    def decide(self, wanted: Wanted) -> Outcome:
        """Replay, charge or refuse the next request, in memory."""
        known = self._find_known(wanted)
        if known is not None:
            return self._replay(known, wanted)
        account = self.accounts[wanted.user_id]
        right = self.rights.find(account, wanted.feature_key)
        charge = None
        if right is not None:
            charge = account.charge(right, wanted.quantity, wanted.idempotency_key)
        if charge is None:
            return self._refuse(account, wanted)
        self.charges.append(charge)
        receipt = account.receipt(charge, wanted.feature_key, self.now)
        if wanted.idempotency_key is not None:
            self.receipts[wanted.user_id, wanted.idempotency_key] = receipt
        return receipt

    def _find_known(self, wanted: Wanted) -> Receipt | None:
        if wanted.idempotency_key is None:
            return None
        return self.receipts.get((wanted.user_id, wanted.idempotency_key))

    def _replay(self, receipt: Receipt, wanted: Wanted) -> Outcome:
        if (receipt.feature, receipt.quantity) != (wanted.feature_key, wanted.quantity):
            return IdempotencyMismatch(
                "This idempotency key was used for a request with another feature or quantity."
            )
        return replace(receipt, is_replay=True)

    def _refuse(self, account: Account, wanted: Wanted) -> BillingError:
        refused = refusals.decide(
            Standing(
                user_id=account.user_id,
                tier_version_id=account.tier_version_id,
                quota=account.quota,
                balance=account.balance,
                held=account.held,
            ),
            feature_key=wanted.feature_key,
            quantity=wanted.quantity,
        )
        self.refused.append(refused)
        return refused.error

    def write(self) -> None:
        """Write what was charged and refused."""
        batch_rows.write(self.session, self.charges, self.accounts.values(), self.now)
        refusals.keep(self.session, self.refused)
