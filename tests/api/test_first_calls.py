"""The first calls of a host: provision, ask, record, be refused."""

from __future__ import annotations

from billing.models import User
from tests.api.conftest import ApiClient, problem_of


def test_catalog_needs_no_key(stranger: ApiClient) -> None:
    tiers = stranger.get("/tiers")
    packages = stranger.get("/packages")

    assert [tier["slug"] for tier in tiers.json["data"]] == ["free", "starter", "pro", "scale"]
    assert tiers.json["data"][2]["price_month"] == 4900
    assert tiers.json["data"][3]["ai_requests_per_month"] is None
    assert packages.json["data"][0]["price"] == 500
    assert packages.json["next_cursor"] is None


def test_user_is_provisioned_once(host: ApiClient) -> None:
    body = {"external_id": "u-1", "email": "Ada@Example.test"}

    first = host.post("/users", body)
    again = host.post("/users", body)

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json == again.json
    assert first.json["email"] == "ada@example.test"
    assert first.json["tier"] == "free"
    assert host.get("/users/u-1").json == first.json
    assert host.get(f"/users/{first.json['id']}").json == first.json


def test_request_is_recorded_and_replayed(host: ApiClient) -> None:
    host.post("/users", {"external_id": "u-1", "email": "ada@example.test"})
    body = {"user": "u-1", "feature": "ai_chat", "quantity": 2}

    first = host.post("/ai-requests", body, key="one")
    again = host.post("/ai-requests", body, key="one")
    other = host.post("/ai-requests", {**body, "quantity": 3}, key="one")

    assert first.status_code == again.status_code == 201
    assert first.json == again.json
    assert first.json["quota"] | {"resets_at": ""} == {
        "limit": 20,
        "used": 2,
        "remaining": 18,
        "resets_at": "",
    }
    assert first.json["user"] == "u-1"
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert (other.status_code, problem_of(other)["code"]) == (422, "idempotency_mismatch")


def test_refusal_says_the_numbers(caller: ApiClient) -> None:
    answer = caller.post("/ai-requests", {"feature": "ai_chat", "quantity": 21})

    problem = problem_of(answer)
    assert answer.status_code == 402
    assert problem["code"] == "insufficient_tokens"
    assert (problem["balance"], problem["required"]) == (0, 1)
    assert problem["pricing_url"].endswith("/pricing")


def test_feature_says_why(caller: ApiClient) -> None:
    chat = caller.get("/features/ai_chat").json
    mentor = caller.get("/features/ai_mentor").json

    assert (chat["feature"], chat["allowed"], chat["reason"]) == ("ai_chat", True, "in_tier")
    assert (mentor["allowed"], mentor["reason"]) == (False, "not_in_tier")
    assert len(caller.get("/features").json["data"]) == 7
    assert problem_of(caller.get("/features/nothing"))["code"] == "unknown_feature"


def test_usage_and_history_follow(caller: ApiClient, user: User) -> None:
    caller.post("/ai-requests", {"feature": "ai_chat", "quantity": 2})
    caller.post("/ai-requests", {"feature": "ai_chat"})

    used = caller.get("/usage").json
    assert used["quota"]["used"] == 3
    assert used["by_feature"] == [
        {"feature": "ai_chat", "quantity": 3, "from_quota": 3, "tokens_charged": 0}
    ]
    assert used["user"] == str(user.id)
    assert caller.get("/tokens/balance").json["balance"] == 0
    assert caller.get("/subscription").json["tier"] == "free"
    page = caller.get("/tokens/transactions", limit=1).json
    rest = caller.get("/tokens/transactions", limit=1, cursor=page["next_cursor"]).json
    assert [page["data"][0]["quantity"], rest["data"][0]["quantity"]] == [1, 2]
    assert rest["next_cursor"] is None
