"""Idempotency keys: the same call again gets the same answer, another call is refused."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from billing.sandbox.contract import Json
from billing.sandbox.errors import ApiError
from billing.sandbox.unit import Unit

MAX_LENGTH = 255
KEPT_SECONDS = 24 * 3600


class Stored(NamedTuple):
    """The answer that a key already has."""

    status: int
    body: Json


class InFlight:
    """The keys that are being worked on in this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._keys: set[tuple[str, str]] = set()

    @contextmanager
    def hold(self, account: str, key: str | None) -> Iterator[None]:
        """Hold a key while its call runs; a second call meanwhile is Stripe's 409."""
        if key is None:
            yield
            return
        with self._lock:
            if (account, key) in self._keys:
                raise _in_use(key)
            self._keys.add((account, key))
        try:
            yield
        finally:
            with self._lock:
                self._keys.discard((account, key))


def fingerprint(call: str, params: Json) -> str:
    return hashlib.sha256(json.dumps([call, params], sort_keys=True).encode()).hexdigest()


def find(unit: Unit, key: str, call_fingerprint: str) -> Stored | None:
    """The stored answer of the key, or None when it is new."""
    row = unit.db.execute(
        "SELECT fingerprint, status, body FROM idempotency"
        " WHERE account = ? AND key = ? AND created > ?",
        (unit.account, key, unit.real_now - KEPT_SECONDS),
    ).fetchone()
    if row is None:
        return None
    if row["fingerprint"] != call_fingerprint:
        raise ApiError(
            "Keys for idempotent requests can only be used with the same parameters they were "
            f"first used with. Try using a key other than '{key}' if you meant to execute a "
            "different request.",
            kind="idempotency_error",
        )
    return Stored(row["status"], json.loads(row["body"]))


def remember(unit: Unit, key: str, call_fingerprint: str, answer: Stored) -> None:
    """Store the answer in the transaction of the work itself."""
    unit.db.execute(
        "INSERT OR REPLACE INTO idempotency (account, key, fingerprint, status, body, created)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (
            unit.account,
            key,
            call_fingerprint,
            answer.status,
            json.dumps(answer.body),
            unit.real_now,
        ),
    )


def _in_use(key: str) -> ApiError:
    return ApiError(
        "There is currently another in-progress request using this Idempotent Key (that probably "
        f"means you submitted twice, and the other request is still going through): {key}. Please "
        "try again later.",
        status=409,
        kind="idempotency_error",
        code="idempotency_key_in_use",
    )
