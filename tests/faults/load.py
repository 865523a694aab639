"""Clients that charge as fast as they are answered, and ask again until they know."""

from __future__ import annotations

import http.client
import json
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import count
from threading import Event, Lock, Thread
from types import TracebackType

CLIENTS = 8
ANSWER_SECONDS = 30
PAUSE_SECONDS = 0.05
PATIENCE_SECONDS = 60
A_WHILE_SECONDS = 0.5
UNANSWERED = 0


@dataclass(frozen=True)
class Answer:
    """When a call was answered, with what, and how long that took; status 0 is no answer."""

    key: str
    at: float
    status: int
    seconds: float


@dataclass
class Load:
    """Clients of the API, eight by default, each with an idempotency key a charge.

    A charge whose result is unknown (no answer, 5xx) is sent again under its key until it is known.
    """

    host: str
    port: int
    service_key: str
    user_ids: list[int]
    name: str = "load"
    clients: int = CLIENTS
    receipts: dict[str, str] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)
    given_up: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    retried: int = 0
    committed_unseen: int = 0

    def __post_init__(self) -> None:
        self._stopping, self._lock = Event(), Lock()
        self._waiting: dict[str, float] = {}
        self._threads = [Thread(target=self._charge, args=(n,)) for n in range(self.clients)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let every client hear how its last charge ended."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    @property
    def statuses(self) -> Counter[int]:
        return Counter(answer.status for answer in list(self.answers))

    @property
    def slowest(self) -> float:
        """Seconds until the slowest answer of any kind."""
        return max((answer.seconds for answer in self.answers), default=0.0)

    def wait_for(self, more: int, status: int = 201) -> None:
        """Block until that many more answers with this status have come; by default, receipts."""
        wanted = self.statuses[status] + more
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.statuses[status] < wanted:
            assert time.monotonic() < deadline, f"no {status}: {self.statuses}"
            time.sleep(0.01)

    def wait_until_all_wait(self) -> list[str]:
        """Block until no client has heard anything for a while; return their keys."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            with self._lock:
                waiting = dict(self._waiting)
            is_old = [time.monotonic() - began > A_WHILE_SECONDS for began in waiting.values()]
            if len(waiting) == self.clients and all(is_old):
                return list(waiting)
            time.sleep(0.01)
        raise TimeoutError(f"they are answered: {self.statuses}")

    def first_success_after(self, moment: float) -> float:
        """Seconds from that `time.monotonic()` to the first charge after it."""
        return min(each.at for each in self.answers if each.at > moment and each.status == 201) - (
            moment
        )

    def _charge(self, client: int) -> None:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=ANSWER_SECONDS)
        for turn in count():
            if self._stopping.is_set():
                break
            user_id = self.user_ids[(client + turn) % len(self.user_ids)]
            self._until_known(connection, f"{self.name}:{client}:{turn}", user_id)
        connection.close()

    def _until_known(self, connection: http.client.HTTPConnection, key: str, user_id: int) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        tries = 0
        while time.monotonic() < deadline:
            if self._is_known(connection, key, user_id, is_retry=tries > 0):
                return
            tries += 1
            time.sleep(PAUSE_SECONDS)
        self.given_up.append(key)

    def _is_known(
        self, connection: http.client.HTTPConnection, key: str, user_id: int, *, is_retry: bool
    ) -> bool:
        body = json.dumps({"user": str(user_id), "feature": "ai_chat"})
        headers = {
            "Authorization": f"Bearer {self.service_key}",
            "Content-Type": "application/json",
            "Idempotency-Key": key,
        }
        began = time.monotonic()
        with self._lock:
            self._waiting[key] = began
        try:
            connection.request("POST", "/api/v1/ai-requests", body, headers)
            response = connection.getresponse()
            document, status = response.read(), response.status
            is_replay = response.getheader("Idempotent-Replayed") == "true"
        except (OSError, http.client.HTTPException):
            connection.close()
            document, status, is_replay = b"", UNANSWERED, False
        now = time.monotonic()
        with self._lock:
            del self._waiting[key]
            self.answers.append(Answer(key, now, status, now - began))
            self.retried += is_retry
            self.committed_unseen += is_replay
            if status == 201:
                self.receipts[key] = json.loads(document)["id"]
            elif 400 <= status < 500:
                self.refused.append(document.decode())
        return 200 <= status < 500
