"""Which endpoint gets which event, when, and how it is signed."""

import hashlib
import hmac
import json
import random
import sqlite3
from dataclasses import dataclass

from billing import clock
from billing.sandbox.contract import Json

# Short, so that an application that was restarted has its events within seconds.
RETRY_SECONDS = (1, 2, 5, 10, 30, 60, 300)
MAX_ATTEMPTS = 60
SHUFFLE_SECONDS = 0.6
LATE_SECONDS = 10
MODES = ("normal", "hold", "late", "shuffle", "duplicate", "drop")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How the events of one piece of work are to be delivered. No delay at all means never."""

    delay_seconds: float | None = 0
    copies: int = 1
    is_shuffled: bool = False


def real_time() -> float:
    """Deliveries happen in real time, whatever a test clock says."""
    return clock.now().timestamp()


def plan_deliveries(db: sqlite3.Connection, account: str, event: Json, plan: Plan) -> None:
    """Note a delivery for every endpoint of the account that wants the event."""
    mode = db.execute("SELECT webhook_mode FROM accounts WHERE id = ?", (account,)).fetchone()[0]
    for endpoint in endpoints_for(db, account, event["type"]):
        copies = max(plan.copies, 2 if mode == "duplicate" else 1)
        for _ in range(copies):
            add_delivery(
                db,
                (account, event["id"], endpoint["id"]),
                state=_state(plan, mode),
                next_at=_when(plan, mode),
            )


def add_delivery(
    db: sqlite3.Connection, ids: tuple[str, str, str], *, state: str, next_at: float
) -> int:
    """Note one delivery of (account, event, endpoint); returns its id."""
    cursor = db.execute(
        "INSERT INTO deliveries (account, event, endpoint, state, next_at) VALUES (?, ?, ?, ?, ?)",
        (*ids, state, next_at),
    )
    return int(cursor.lastrowid or 0)


def endpoints_for(db: sqlite3.Connection, account: str, event_type: str) -> list[Json]:
    rows = db.execute(
        "SELECT body FROM objects WHERE account = ? AND kind = 'webhook_endpoint' ORDER BY seq",
        (account,),
    )
    endpoints = [json.loads(row["body"]) for row in rows]
    return [
        endpoint
        for endpoint in endpoints
        if endpoint["status"] == "enabled" and {"*", event_type} & set(endpoint["enabled_events"])
    ]


def _state(plan: Plan, mode: str) -> str:
    if mode == "drop" or plan.delay_seconds is None:
        return "dropped"
    return "held" if mode == "hold" else "pending"


def _when(plan: Plan, mode: str) -> float:
    is_shuffled = plan.is_shuffled or mode == "shuffle"
    jitter = random.uniform(0, SHUFFLE_SECONDS) if is_shuffled else 0  # noqa: S311
    late = LATE_SECONDS if mode == "late" else 0
    return real_time() + (plan.delay_seconds or 0) + late + jitter


def signature(body: bytes, secret: str, timestamp: int) -> str:
    """The `Stripe-Signature` header for a raw body."""
    signed = f"{timestamp}.".encode() + body
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={digest}"


def retry_delay_seconds(attempts: int) -> int:
    return RETRY_SECONDS[min(attempts - 1, len(RETRY_SECONDS) - 1)]
