"""Calls at the same moment: each gets an answer that the document knows, whichever wins."""

from __future__ import annotations

from collections.abc import Callable
from threading import Barrier, Thread

from flask import Flask

from billing.errors import BillingError, EmailTaken
from billing.models import User
from billing.services import idempotency, portal_links
from billing.services.idempotency import KeptAnswer, KeyedRequest

REQUEST = KeyedRequest("service", "k", "f" * 64)
CALLERS, ROUNDS = 6, 30


def _at_once(app: Flask, call: Callable[[], object]) -> list[object]:
    """Return what the calls of all threads returned, or the code with which they were refused."""
    barrier = Barrier(CALLERS)
    found: list[object] = []

    def _run() -> None:
        with app.app_context():
            barrier.wait()
            for _ in range(ROUNDS):
                try:
                    found.append(call())
                except BillingError as refusal:
                    found.append(refusal.code)

    threads = [Thread(target=_run) for _ in range(CALLERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test_key_that_a_refusal_frees_is_never_a_failure(app: Flask) -> None:
    def _refuse() -> KeptAnswer:
        raise EmailTaken("Somebody has it.")

    found = _at_once(app, lambda: idempotency.once(REQUEST, _refuse))

    assert set(found) <= {"email_taken", "idempotency_in_flight"}
    assert len(found) == CALLERS * ROUNDS


def test_portal_links_under_one_key_are_one_link(app: Flask, user: User) -> None:
    user_id = user.id

    found = _at_once(
        app, lambda: portal_links.create(user_id, actor="test", idempotency_key="k").nonce
    )

    assert len(set(found)) == 1
    assert len(found) == CALLERS * ROUNDS
