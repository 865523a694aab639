"""Idempotency keys and rates: the same answer again, and not too often."""

from __future__ import annotations

from datetime import timedelta
from threading import Barrier, Thread

import time_machine
from flask import Flask
from sqlalchemy import select

from billing import clock
from billing.database import transaction
from billing.errors import IdempotencyInFlight
from billing.models import IdempotencyKey, User
from billing.services import api_keys, idempotency
from billing.services.idempotency import KeptAnswer, KeyedRequest
from tests.api.conftest import ApiClient, problem_of

ADA = {"external_id": "u-1", "email": "una@example.test"}
REQUEST = KeyedRequest("service", "k", "f" * 64)


def test_repetition_gets_the_first_answer(host: ApiClient) -> None:
    first = host.post("/users", ADA, key="k")
    again = host.post("/users", ADA, key="k")

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json == first.json
    assert again.headers["Idempotent-Replayed"] == "true"


def test_another_body_under_the_key_is_refused(host: ApiClient) -> None:
    host.post("/users", ADA, key="k")

    answer = host.post("/users", {**ADA, "external_id": "u-2"}, key="k")

    assert (answer.status_code, problem_of(answer)["code"]) == (422, "idempotency_mismatch")


def test_another_route_under_the_key_is_refused(host: ApiClient) -> None:
    host.post("/users", ADA, key="k")

    answer = host.post("/holds/hold_1/release", key="k")

    assert (answer.status_code, problem_of(answer)["code"]) == (422, "idempotency_mismatch")


def test_key_of_another_owner_is_another_key(host: ApiClient, caller: ApiClient) -> None:
    host.post("/users", ADA, key="k")

    answer = caller.post("/holds/hold_1/release", key="k")

    assert problem_of(answer)["code"] == "hold_not_found"


def test_refusal_frees_the_key(host: ApiClient) -> None:
    refused = host.post("/users", {**ADA, "email": "nothing"}, key="k")
    done = host.post("/users", ADA, key="k")

    assert (refused.status_code, done.status_code) == (422, 201)


def test_request_in_flight_is_409(host: ApiClient) -> None:
    host.post("/users", ADA, key="k")
    with transaction() as session:
        row = session.scalars(select(IdempotencyKey)).one()
        row.status = row.body = None
        row.claimed_until = clock.now() + timedelta(minutes=1)
    answer = host.post("/users", ADA, key="k")

    assert (answer.status_code, problem_of(answer)["code"]) == (409, "idempotency_in_flight")
    assert answer.headers["Retry-After"] == "1"


def test_claim_of_a_process_that_fell_is_taken_over(host: ApiClient) -> None:
    host.post("/users", ADA, key="k")
    with transaction() as session:
        row = session.scalars(select(IdempotencyKey)).one()
        row.status = row.body = None
        row.claimed_until = clock.now() - timedelta(seconds=1)

    answer = host.post("/users", ADA, key="k")

    assert answer.status_code == 200


def test_eight_at_once_work_once(app: Flask, catalog: None) -> None:
    barrier = Barrier(8)
    done: list[int] = []
    outcomes: list[str] = []

    def _work() -> KeptAnswer:
        done.append(1)
        return KeptAnswer(201, '{"n": 1}')

    def _call() -> None:
        with app.app_context():
            barrier.wait()
            try:
                outcomes.append(idempotency.once(REQUEST, _work)[0].body)
            except IdempotencyInFlight as refusal:
                outcomes.append(refusal.code)

    threads = [Thread(target=_call) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(done) == 1
    assert set(outcomes) <= {'{"n": 1}', "idempotency_in_flight"}
    assert len(outcomes) == 8


def test_old_answers_are_forgotten(app: Flask, frozen_time: time_machine.Traveller) -> None:
    idempotency.once(REQUEST, lambda: KeptAnswer(201, "1"))
    frozen_time.shift(idempotency.LIFETIME + timedelta(seconds=1))

    kept, is_replay = idempotency.once(REQUEST, lambda: KeptAnswer(201, "2"))

    assert (kept.body, is_replay) == ("2", False)


def test_keys_that_are_none_are_422(host: ApiClient) -> None:
    for key in ("", "x" * 256, "é"):
        answer = host.post("/users", ADA, key=key)
        assert (answer.status_code, list(problem_of(answer)["errors"])) == (
            422,
            ["Idempotency-Key"],
        )


def test_answers_say_what_is_left(caller: ApiClient, frozen_time: time_machine.Traveller) -> None:
    first = caller.get("/usage")
    refused = caller.get("/features/nothing")

    assert first.headers["RateLimit-Policy"] == '"default";q=600;w=60'
    assert first.headers["RateLimit"].startswith('"default";r=599;t=')
    assert refused.headers["RateLimit"].startswith('"default";r=598;t=')


def test_burst_on_one_key_leaves_the_others_alone(
    app: Flask, user: User, caller: ApiClient, frozen_time: time_machine.Traveller
) -> None:
    settings = app.extensions["billing_settings"]
    app.extensions["billing_settings"] = settings.model_copy(update={"api_rate_limit": 2})
    other = ApiClient(app.test_client(), api_keys.create(user=user, actor="test"))

    statuses = [caller.get("/usage").status_code for _ in range(3)]

    refused = caller.get("/usage")
    assert statuses == [200, 200, 429]
    assert problem_of(refused)["code"] == "rate_limited"
    assert 1 <= int(refused.headers["Retry-After"]) <= 61
    assert other.get("/usage").status_code == 200
    frozen_time.shift(timedelta(seconds=61))
    assert caller.get("/usage").status_code == 200
