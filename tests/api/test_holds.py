"""Holds over HTTP: reserve, settle once, give back."""

from __future__ import annotations

import pytest

from billing.domain.ledger import LotSource
from billing.models import User
from billing.services import ledger
from tests.api.conftest import ApiClient, problem_of


@pytest.fixture
def provisioned(host: ApiClient) -> str:
    host.post("/users", {"external_id": "u-1", "email": "una@example.test"})
    return "u-1"


def _hold(host: ApiClient, quantity: int, *, key: str | None = None) -> dict[str, object]:
    body = {"user": "u-1", "feature": "ai_chat", "quantity": quantity}
    answer = host.post("/holds", body, key=key)
    assert answer.status_code == 201
    document: dict[str, object] = answer.json
    return document


def test_settling_charges_what_was_used(host: ApiClient, provisioned: str) -> None:
    held = _hold(host, 10)

    settled = host.post(f"/holds/{held['id']}/settle", {"quantity": 3})

    assert settled.status_code == 200
    assert settled.json["state"] == "settled"
    assert settled.json["from_quota"] == 3
    assert settled.json["quota"]["used"] == 3
    assert settled.json["quota"]["remaining"] == 17
    assert [receipt["quantity"] for receipt in settled.json["receipts"]] == [3]


def test_hold_keeps_the_quota_from_others(host: ApiClient, provisioned: str) -> None:
    _hold(host, 20)

    answer = host.post("/ai-requests", {"user": "u-1", "feature": "ai_chat"})

    assert answer.status_code == 402


def test_releasing_gives_everything_back(host: ApiClient, provisioned: str) -> None:
    held = _hold(host, 20)

    released = host.post(f"/holds/{held['id']}/release")

    assert released.status_code == 200
    assert released.json["state"] == "released"
    assert released.json["quota"]["remaining"] == 20


def test_same_key_returns_the_first_hold(host: ApiClient, provisioned: str) -> None:
    first = _hold(host, 5, key="k")

    again = host.post("/holds", {"user": "u-1", "feature": "ai_chat", "quantity": 5}, key="k")
    other = host.post("/holds", {"user": "u-1", "feature": "ai_chat", "quantity": 6}, key="k")

    assert again.json == first
    assert again.headers["Idempotent-Replayed"] == "true"
    assert problem_of(other)["code"] == "idempotency_mismatch"


def test_settling_twice_is_refused_without_a_key(host: ApiClient, provisioned: str) -> None:
    held = _hold(host, 5)
    host.post(f"/holds/{held['id']}/settle", {"quantity": 3})

    answer = host.post(f"/holds/{held['id']}/settle", {"quantity": 3})

    assert (answer.status_code, problem_of(answer)["code"]) == (409, "hold_closed")


def test_settling_twice_with_a_key_is_replayed(host: ApiClient, provisioned: str) -> None:
    held = _hold(host, 5)
    first = host.post(f"/holds/{held['id']}/settle", {"quantity": 3}, key="k")

    again = host.post(f"/holds/{held['id']}/settle", {"quantity": 3}, key="k")

    assert again.json == first.json
    assert again.headers["Idempotent-Replayed"] == "true"


def test_nobody_settles_the_hold_of_another(
    host: ApiClient, provisioned: str, caller: ApiClient
) -> None:
    held = _hold(host, 5)

    answer = caller.post(f"/holds/{held['id']}/settle", {"quantity": 3})

    assert (answer.status_code, problem_of(answer)["code"]) == (404, "hold_not_found")


@pytest.mark.parametrize("name", ["0", "-1", "hold_99999999999999999999", "1%00", "x", "é"])
def test_hold_that_is_none_is_not_found(host: ApiClient, name: str) -> None:
    answer = host.post(f"/holds/{name}/release")

    assert (answer.status_code, problem_of(answer)["code"]) == (404, "hold_not_found")


def test_batch_gives_each_its_own_outcome(
    host: ApiClient, provisioned: str, caller: ApiClient, user: User
) -> None:
    ledger.grant(
        user.id,
        5,
        source=LotSource.GRANT,
        reason="A gift",
        actor="test",
        idempotency_key="gift",
    )
    requests = [
        {"user": "u-1", "feature": "ai_chat", "quantity": 20, "idempotency_key": "a"},
        {"user": "u-1", "feature": "ai_chat", "idempotency_key": "b"},
        {"user": user.id, "feature": "ai_chat", "quantity": 22},
        {"user": "nobody", "feature": "ai_chat"},
        {"feature": "ai_chat"},
        {"user": "u-1", "feature": "ai_mentor"},
        {"user": "u-1", "feature": "ai_chat", "quantity": 20, "idempotency_key": "a"},
    ]

    answer = host.post("/ai-requests/batch", {"requests": requests})

    outcomes = answer.json["data"]
    assert answer.status_code == 200
    assert [each["status"] for each in outcomes] == [201, 402, 201, 404, 422, 403, 201]
    assert outcomes[1]["problem"]["code"] == "insufficient_tokens"
    assert outcomes[1]["problem"]["pricing_url"].endswith("/pricing")
    assert outcomes[2]["receipt"]["tokens_charged"] == 2
    assert [each["replayed"] for each in outcomes] == [False] * 6 + [True]
    assert outcomes[6]["receipt"] == outcomes[0]["receipt"]


def test_user_key_batches_for_its_user_only(caller: ApiClient, host: ApiClient) -> None:
    host.post("/users", {"external_id": "u-1", "email": "eve@example.test"})

    answer = caller.post(
        "/ai-requests/batch",
        {"requests": [{"feature": "ai_chat"}, {"feature": "ai_chat", "user": "u-1"}]},
    )

    assert [each["status"] for each in answer.json["data"]] == [201, 404]


def test_batch_of_a_thousand_is_taken_and_more_is_not(caller: ApiClient) -> None:
    thousand = [{"feature": "nothing", "idempotency_key": f"{n}-" + "x" * 200} for n in range(1000)]

    taken = caller.post("/ai-requests/batch", {"requests": thousand})
    refused = caller.post("/ai-requests/batch", {"requests": [*thousand, thousand[0]]})

    assert (taken.status_code, len(taken.json["data"])) == (200, 1000)
    assert refused.status_code == 422
