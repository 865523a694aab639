"""Metering: an AI request is paid from the quota, then in tokens, or refused with the numbers."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from sqlalchemy import PoolProxiedConnection

from billing import clock
from billing.database import db, in_transaction, raw_connection, transaction
from billing.domain.metering import MAX_QUANTITY, Quota, Receipt
from billing.errors import BillingError, IdempotencyMismatch, InvalidInput
from billing.models import User
from billing.observability import decisions
from billing.observability.timing import log_service_operation
from billing.services import balances, due, metering_prepared, refusals
from billing.services.identity import id_of
from billing.services.metering_statements import STATEMENTS, Row

MAX_KEY_LENGTH = 255


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a caller wants recorded, checked at the door."""

    user_id: int
    feature_key: str
    quantity: int
    idempotency_key: str | None

    def __post_init__(self) -> None:
        if isinstance(self.quantity, bool) or not isinstance(self.quantity, int):
            raise _invalid("quantity", "Quantity must be a whole number.")
        if not 1 <= self.quantity <= MAX_QUANTITY:
            raise _invalid("quantity", f"Quantity must be between 1 and {MAX_QUANTITY}.")
        key = self.idempotency_key
        if key is not None and not (0 < len(key) <= MAX_KEY_LENGTH and key.isprintable()):
            raise _invalid(
                "idempotency_key", f"The key must have 1 to {MAX_KEY_LENGTH} printable characters."
            )

    @property
    def parameters(self) -> dict[str, Any]:
        """What the statements take, as of now."""
        return {
            "user_id": self.user_id,
            "feature": self.feature_key,
            "quantity": self.quantity,
            "key": self.idempotency_key,
            "now": clock.now(),
        }


@log_service_operation
def record(
    user: User, feature_key: str, quantity: int = 1, *, idempotency_key: str | None = None
) -> Receipt:
    """Record AI requests of a user: quota first, the rest in tokens, all or nothing.

    Joins the open transaction if there is one. Else it is durable when this returns, and what the
    session has loaded is read again on the next access.

    Args:
        user: who makes the requests.
        feature_key: a metered feature.
        quantity: how many requests, 1 to 1,000,000.
        idempotency_key: the same key again returns the first receipt and charges nothing.

    Raises:
        InsufficientTokens: quota and tokens do not cover it; the members are the numbers.
        FeatureNotInTier: the user may not use the feature.
        UnknownFeature: there is no such feature.
        IdempotencyMismatch: the key belongs to a request with other parameters.
        InvalidInput: the quantity or the key is out of bounds, or the feature is not metered.
        Unavailable: the database did not answer.
    """
    wanted = Wanted(id_of(user), feature_key, quantity, idempotency_key)
    parameters = wanted.parameters
    outcome: Row | BillingError | None = None
    if not in_transaction():
        outcome = _charge_at_once(parameters)
    if outcome is None:
        outcome = _charge_locked(wanted, parameters)
    if isinstance(outcome, BillingError):
        raise outcome
    receipt = _receipt(wanted, outcome)
    decisions.count(receipt)
    return receipt


def _charge_at_once(parameters: Mapping[str, Any]) -> Row | None:
    """Charge in a transaction of its own; None means that it takes a closer look."""
    _end_reading()
    in_own_transaction = _autocommitted if db.engine.dialect.name == "postgresql" else _immediate
    with raw_connection() as pooled:
        return in_own_transaction(pooled, parameters)


def _end_reading() -> None:
    """End what the session has read, as `transaction()` does at its start."""
    session = db.session()
    if session.new or session.dirty or session.deleted:
        raise RuntimeError("changes were made outside of transaction()")
    if session.in_transaction():
        session.rollback()


def _autocommitted(pooled: PoolProxiedConnection, parameters: Mapping[str, Any]) -> Row | None:
    try:
        return metering_prepared.charge(pooled, parameters)
    except psycopg.errors.UniqueViolation:
        # The charge was undone with it; what the twin got is seen by a new statement only.
        return STATEMENTS["postgresql"].find_twin(pooled.driver_connection, parameters)


def _immediate(pooled: PoolProxiedConnection, parameters: Mapping[str, Any]) -> Row | None:
    connection = pooled.driver_connection
    try:
        with _begun_immediately(connection):
            return STATEMENTS["sqlite"].charge(connection, parameters)
    except sqlite3.IntegrityError:
        return STATEMENTS["sqlite"].find_twin(connection, parameters)


@contextmanager
def _begun_immediately(connection: Any) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _charge_locked(wanted: Wanted, parameters: Mapping[str, Any]) -> Row | BillingError:
    """Lock the row first, so that no twin and no rival can move it: now None means refused."""
    with transaction() as session:
        balance = due.lock_current(session, wanted.user_id, parameters["now"])
        session.flush()  # the driver's statement below must see what is due
        connection = session.connection().connection.driver_connection
        row = _replay_or_charge(session.get_bind().dialect.name, connection, parameters)
        if row is None:
            return refusals.refuse(
                session, balance, feature_key=wanted.feature_key, quantity=wanted.quantity
            )
        balances.forget(wanted.user_id)
        return row


def _replay_or_charge(dialect: str, connection: Any, parameters: Mapping[str, Any]) -> Row | None:
    statements = STATEMENTS[dialect]
    twin = None
    if parameters["key"] is not None:
        twin = statements.find_twin(connection, parameters)
    return twin or statements.charge(connection, parameters)


def _receipt(wanted: Wanted, row: Row) -> Receipt:
    entry, quantity, from_quota, charged, limit, used, held, resets_at, *rest = row
    balance_after, created_at, external_id, replayed_feature = rest
    is_replay = replayed_feature is not None
    if is_replay and (replayed_feature, quantity) != (wanted.feature_key, wanted.quantity):
        raise IdempotencyMismatch(
            "This idempotency key was used for a request with another feature or quantity."
        )
    return Receipt(
        id=f"air_{wanted.user_id}_{entry}",
        user=external_id or str(wanted.user_id),
        feature=wanted.feature_key,
        quantity=quantity,
        from_quota=from_quota,
        tokens_charged=charged,
        quota=Quota(limit, used, resets_at, held),
        token_balance=balance_after,
        created_at=created_at,
        is_replay=is_replay,
    )


def _invalid(field: str, problem: str) -> InvalidInput:
    return InvalidInput(problem, errors={field: problem})
