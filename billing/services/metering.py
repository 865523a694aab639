"""Metering: an AI request is paid from the quota, then in tokens, or refused with the numbers.

Nearly every request is one charge in a transaction of its own, by the driver. Whatever takes a
closer look is a batch of one: something has come due, a mark is reached, the key was used before,
there is too little, or the caller has a transaction open.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from billing import clock
from billing.database import driver_at_rest
from billing.domain.metering import Receipt, Wanted
from billing.driver import Link
from billing.observability import decisions
from billing.observability.timing import log_service_operation
from billing.services import metering_batch, metering_postgresql, metering_sqlite
from billing.services.identity import AnyUser, stand_in_for

CHARGE: Mapping[str, Callable[[Link, Wanted, str, datetime], Receipt | None]] = {
    "postgresql": metering_postgresql.charge,
    "sqlite": metering_sqlite.charge,
}


@log_service_operation
def record(
    user: AnyUser, feature_key: str, quantity: int = 1, *, idempotency_key: str | None = None
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
    who = stand_in_for(user)
    wanted = Wanted(who.id, feature_key, quantity, idempotency_key)
    connections = driver_at_rest()
    if connections is not None:
        charge = CHARGE[connections.dialect]
        receipt = connections.run(charge, wanted, who.name, clock.now())
        if receipt is not None:
            decisions.count(receipt)
            return receipt
    return metering_batch.record_one(wanted)
