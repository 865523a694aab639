"""Batches: up to a thousand AI requests of many users in one call, each with its outcome.

On PostgreSQL one statement charges every user for whom nothing takes a closer look. That look is
the rest of this module, and all of it on SQLite: the rows of the users are locked in ascending
order, so that two batches never wait for each other in a circle; what each request takes is
reckoned here, by the rule that the statement has; then everything is written in one statement a
table.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from billing import clock
from billing.database import driver_at_rest, transaction
from billing.domain.metering import Receipt, Wanted
from billing.errors import BillingError, IdempotencyMismatch, InvalidInput
from billing.observability import decisions
from billing.observability.timing import log_service_operation
from billing.services import batch_rows, due, metering_batch_postgresql, refusals
from billing.services.batch_rows import Account, Charge
from billing.services.identity import AnyUser, stand_in_for
from billing.services.refusals import Refused, Standing

MAX_REQUESTS = 1_000

Outcome = Receipt | BillingError


@dataclass(frozen=True, slots=True)
class BatchRequest:
    """One request of a batch; its key makes it happen once, in whatever batch it comes."""

    user: AnyUser
    feature_key: str
    quantity: int = 1
    idempotency_key: str | None = None


@log_service_operation
def record_batch(requests: Sequence[BatchRequest]) -> list[Outcome]:
    """Record each request or refuse it, as if they had come one after the other.

    Joins the open transaction if there is one. Else each user's requests are durable together, and
    after an error a request with a key may be sent again: it is recorded once.

    Args:
        requests: up to 1,000; their users are stored.

    Returns:
        What `record` would have returned or raised, in the order of the requests.

    Raises:
        InvalidInput: there are too many requests.
        Unavailable: the database did not answer.
    """
    if len(requests) > MAX_REQUESTS:
        raise InvalidInput(f"A batch has at most {MAX_REQUESTS} requests.")
    callers = [stand_in_for(request.user) for request in requests]
    outcomes = [_parse(who.id, request) for who, request in zip(callers, requests, strict=True)]
    wanted = [outcome for outcome in outcomes if isinstance(outcome, Wanted)]
    recorded = iter(_record(wanted, {who.id: who.name for who in callers}))
    return [next(recorded) if isinstance(each, Wanted) else each for each in outcomes]


@log_service_operation
def record_one(wanted: Wanted) -> Receipt:
    """Record what the fast way could not, or refuse it. Joins the open transaction.

    Args:
        wanted: of a user that exists.

    Raises:
        BillingError: why it was refused, as `metering.record` says.
    """
    (outcome,) = _look_closely([wanted])
    if isinstance(outcome, BillingError):
        raise outcome
    decisions.count(outcome)
    return outcome


def _parse(user_id: int, request: BatchRequest) -> Wanted | InvalidInput:
    try:
        return Wanted(user_id, request.feature_key, request.quantity, request.idempotency_key)
    except InvalidInput as error:
        return error


def _record(wanted: Sequence[Wanted], user_names: Mapping[int, str]) -> list[Outcome]:
    recorded: dict[int, Outcome] = {}
    connections = driver_at_rest()
    if wanted and connections is not None and connections.dialect == "postgresql":
        charge = metering_batch_postgresql.charge
        recorded.update(connections.run(charge, wanted, user_names, clock.now()))
    remaining = [place for place in range(len(wanted)) if place not in recorded]
    if remaining:
        decided = _look_closely([wanted[place] for place in remaining])
        recorded.update(zip(remaining, decided, strict=True))
    decisions.count_all(each for each in recorded.values() if isinstance(each, Receipt))
    return [recorded[place] for place in range(len(wanted))]


def _look_closely(wanted: Sequence[Wanted]) -> list[Outcome]:
    with transaction() as session:
        batch = _Batch(session, wanted, clock.now())
        outcomes = [batch.decide(each) for each in wanted]
        batch.write()
    return outcomes


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
