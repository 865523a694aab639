"""The threads that send webhooks. All their state is in the store, so that a sandbox that was
killed goes on where it stopped."""

import json
import logging
import queue
import sqlite3
import threading
import time
import urllib.error
import urllib.request
from http.client import HTTPException
from typing import TYPE_CHECKING, Any, NamedTuple

from billing.sandbox import webhooks
from billing.sandbox.contract import Json
from billing.sandbox.store import Objects

if TYPE_CHECKING:
    from billing.sandbox.engine import Engine

log = logging.getLogger(__name__)

# One endpoint that never answers must not hold up the events of other accounts.
SENDERS = 16
TIMEOUT_SECONDS = 20
STOP_SECONDS = 2
LONGEST_SLEEP_SECONDS = 1.0


class Delivery(NamedTuple):
    """One copy of one event on its way to one endpoint."""

    id: int
    account: str
    event: str
    endpoint: str
    attempts: int


class Outcome(NamedTuple):
    """How one attempt ended."""

    status: int | None
    error: str | None
    milliseconds: int

    @property
    def is_success(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect is a failed delivery, as at Stripe."""

    def redirect_request(self, *_: Any) -> None:
        return None


class Dispatcher:
    """Sends due deliveries in parallel and retries what was not answered with 2xx."""

    def __init__(self, engine: "Engine") -> None:
        self._engine = engine
        self._changed = threading.Condition()
        self._in_flight: set[int] = set()
        self._queue: queue.SimpleQueue[Delivery | None] = queue.SimpleQueue()
        self._is_stopping = threading.Event()
        self._awake = threading.Event()
        self._threads: list[threading.Thread] = []
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect)

    def start(self) -> None:
        targets = [self._watch, *[self._send_all] * SENDERS]
        self._threads = [threading.Thread(target=run, daemon=True) for run in targets]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let what is under way finish for a moment; the rest stays due in the store."""
        self._is_stopping.set()
        self.wake()
        for _ in range(SENDERS):
            self._queue.put(None)
        deadline = time.monotonic() + STOP_SECONDS
        for thread in self._threads:
            thread.join(max(0, deadline - time.monotonic()))

    def wake(self) -> None:
        self._awake.set()

    def notify(self) -> None:
        """Have whoever waits look again."""
        with self._changed:
            self._changed.notify_all()

    def wait_until_idle(self, account: str, timeout_seconds: float) -> int:
        """Block until nothing of the account is pending; returns how many still are."""
        # A timer that is due emits events as soon as the watcher comes to it.
        query = (
            "SELECT (SELECT count(*) FROM deliveries WHERE account = ? AND state = 'pending')"
            " + (SELECT count(*) FROM timers WHERE account = ? AND due = 0)"
            " + (SELECT count(*) FROM objects WHERE account = ? AND kind = ?"
            " AND json_extract(body, '$.status') = 'advancing')"
        )
        values = [account, account, account, "test_helpers.test_clock"]
        return self._wait(query, values, timeout_seconds)

    def wait_until_attempted(self, account: str, events: list[str], timeout_seconds: float) -> int:
        """Block until each of these events was sent once, successfully or not."""
        marks = ", ".join("?" * len(events))
        query = (
            "SELECT count(*) FROM deliveries WHERE account = ? AND state = 'pending'"  # noqa: S608
            f" AND attempts = 0 AND event IN ({marks})"
        )
        return self._wait(query, [account, *events], timeout_seconds)

    def _wait(self, query: str, values: list[str], timeout_seconds: float) -> int:
        deadline = time.monotonic() + timeout_seconds
        with self._changed:
            while True:
                with self._engine.store.reading() as db:
                    waiting = int(db.execute(query, values).fetchone()[0])
                left = deadline - time.monotonic()
                if not waiting or left <= 0 or self._is_stopping.is_set():
                    return waiting
                self._changed.wait(min(left, LONGEST_SLEEP_SECONDS))

    def _watch(self) -> None:
        while not self._is_stopping.is_set():
            self._awake.clear()
            try:
                pause = self._hand_out()
            except Exception:
                # The thread's outer edge: without it nothing would be delivered any more.
                log.exception("the sandbox could not look for what is due")
                pause = LONGEST_SLEEP_SECONDS
            self._awake.wait(pause)

    def _hand_out(self) -> float:
        """Queue what is due; returns the seconds until the next is."""
        now = webhooks.real_time()
        with self._engine.store.reading() as db:
            rows = db.execute(
                "SELECT id, account, event, endpoint, attempts, next_at FROM deliveries"
                " WHERE state = 'pending' AND next_at <= ? ORDER BY next_at, id LIMIT 200",
                (now + LONGEST_SLEEP_SECONDS,),
            ).fetchall()
        pause = LONGEST_SLEEP_SECONDS
        for row in rows:
            if row["next_at"] > now:
                pause = min(pause, row["next_at"] - now)
                break
            if row["id"] not in self._in_flight:
                self._in_flight.add(row["id"])
                self._queue.put(Delivery(*tuple(row)[:5]))
        return float(pause)

    def _send_all(self) -> None:
        while (delivery := self._queue.get()) is not None:
            try:
                self._send(delivery)
            except Exception:
                # One event that breaks must not keep the others from being sent.
                log.exception("the sandbox could not deliver an event")
            finally:
                self._in_flight.discard(delivery.id)
                self.notify()
                self.wake()

    def _send(self, delivery: Delivery) -> None:
        with self._engine.store.reading() as db:
            if not _is_due(db, delivery):
                return
            objects = Objects(db, delivery.account)
            event, endpoint = objects.find(delivery.event), objects.find(delivery.endpoint)
            if endpoint:
                secret = objects.private(delivery.endpoint)["secret"]
            if event:
                event["pending_webhooks"] = pending_count(db, delivery.account, delivery.event)
        if event is None or endpoint is None:
            outcome = Outcome(None, "the endpoint was deleted", 0)
            self._note(delivery, outcome, is_final=True)
            return
        event["api_version"] = endpoint["api_version"] or event["api_version"]
        self._note(delivery, self._post(endpoint["url"], event, secret))

    def _post(self, url: str, event: Json, secret: str) -> Outcome:
        body = json.dumps(event, indent=2).encode()
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Billhook sandbox (stands in for Stripe/1.0)",
            "Stripe-Signature": webhooks.signature(body, secret, int(webhooks.real_time())),
        }
        started, status, error = time.monotonic(), None, None
        try:
            request = urllib.request.Request(url, body, headers, method="POST")  # noqa: S310
            with self._opener.open(request, timeout=TIMEOUT_SECONDS) as response:
                status = response.status
        except urllib.error.HTTPError as refused:
            status = refused.code
            refused.close()
        except (OSError, ValueError, HTTPException) as failure:
            # The panel shows it beside the event, as Stripe's dashboard does.
            error = str(getattr(failure, "reason", failure)) or type(failure).__name__
        return Outcome(status, error, int((time.monotonic() - started) * 1000))

    def _note(self, delivery: Delivery, outcome: Outcome, *, is_final: bool = False) -> None:
        attempts, now = delivery.attempts + 1, webhooks.real_time()
        state = "delivered" if outcome.is_success else "pending"
        if not outcome.is_success and (is_final or attempts >= webhooks.MAX_ATTEMPTS):
            state = "failed"
        with self._engine.store.writing() as db:
            db.execute(
                "INSERT INTO attempts (delivery, at, status, error, milliseconds)"
                " VALUES (?, ?, ?, ?, ?)",
                (delivery.id, now, *outcome),
            )
            db.execute(
                "UPDATE deliveries SET state = ?, attempts = ?, next_at = ? WHERE id = ?",
                (state, attempts, now + webhooks.retry_delay_seconds(attempts), delivery.id),
            )


def _is_due(db: sqlite3.Connection, delivery: Delivery) -> bool:
    """Whether it is still to be sent: the watcher may have read it just before it was noted."""
    query = "SELECT 1 FROM deliveries WHERE id = ? AND state = 'pending' AND attempts = ?"
    return db.execute(query, (delivery.id, delivery.attempts)).fetchone() is not None


def pending_count(db: sqlite3.Connection, account: str, event: str) -> int:
    """How many endpoints have not taken the event yet."""
    query = (
        "SELECT count(DISTINCT endpoint) FROM deliveries"
        " WHERE account = ? AND event = ? AND state IN ('pending', 'held', 'failed')"
    )
    return int(db.execute(query, (account, event)).fetchone()[0])
