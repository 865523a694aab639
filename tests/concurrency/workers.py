"""What the other processes do: each makes an app of its own over the same database."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier

from billing import create_app
from billing.database import db
from billing.domain.ledger import LotSource
from billing.domain.metering import Receipt
from billing.errors import BillingError, InsufficientTokens
from billing.models import User
from billing.services import holds, ledger, metering
from billing.services.identity import StandIn
from billing.services.metering_batch import BatchRequest, record_batch
from tests.settings import make_settings


@dataclass(frozen=True)
class Start:
    """Where the work is, and when it begins: when everybody is there."""

    database_url: str
    together: Barrier


def record_keys(
    start: Start, user_id: int, keys: Sequence[str | None], outcomes: Queue[list[Receipt | str]]
) -> None:
    """Record one request for each key; say what came of each."""
    with create_app(make_settings(database_url=start.database_url)).app_context():
        user = db.session.get_one(User, user_id)
        start.together.wait()
        outcomes.put([_record(user, key) for key in keys])
        db.engine.dispose()


def _record(user: User, key: str | None) -> Receipt | str:
    try:
        return metering.record(user, "chat", idempotency_key=key)
    except InsufficientTokens as refusal:
        return refusal.code


def do_everything(
    start: Start, user_ids: Sequence[int], seed: int, outcomes: Queue[list[str]]
) -> None:
    """Mix all that moves the ledger; say which errors came besides the expected refusals."""
    dice = random.Random(seed)
    with create_app(make_settings(database_url=start.database_url)).app_context():
        start.together.wait()
        errors = []
        for turn in range(25):
            try:
                _do_something(dice, user_ids, f"{seed}:{turn}")
            except InsufficientTokens:
                continue
            except BillingError as error:
                errors.append(repr(error))
        outcomes.put(errors)
        db.session.remove()
        db.engine.dispose()


def _do_something(dice: random.Random, user_ids: Sequence[int], key: str) -> None:
    user = db.session.get_one(User, dice.choice(user_ids))
    action = dice.randrange(5)
    if action == 0:
        shuffled = [StandIn(each, None) for each in dice.choices(user_ids, k=12)]
        record_batch(
            [BatchRequest(each, "chat", 1, f"{key}:{n}") for n, each in enumerate(shuffled)]
        )
    elif action == 1:
        held = holds.hold(user, "mentor", 3)
        held.settle(dice.randrange(5))
    elif action == 2:
        ledger.grant(
            user.id, 5, source=LotSource.GRANT, reason="Gift", actor="test", idempotency_key=key
        )
    else:
        metering.record(user, "mentor", dice.randrange(1, 4), idempotency_key=key)


def record_until_killed(database_url: str, user_id: int, prefix: str, pipe: Connection) -> None:
    """Record under one key after the other: announce each key first, and say when it is paid."""
    with create_app(make_settings(database_url=database_url)).app_context():
        user = db.session.get_one(User, user_id)
        turn = 0
        while True:
            key = f"{prefix}:{turn}"
            pipe.send(("begin", key))
            metering.record(user, "mentor", 1, idempotency_key=key)
            pipe.send(("paid", key))
            turn += 1
