"""What the API refuses: keys, scopes, bodies, queries; and what it says about it."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from billing import clock
from billing.database import transaction
from billing.models import User
from billing.services import api_keys
from tests.api.conftest import ApiClient, problem_of
from tests.factories import account
from tests.web.visitor import EMAIL, log_in

pytestmark = pytest.mark.one_database

DEEP = "[" * 20_000
BODIES = [
    '{"feature": "ai_chat", "quantity": -1}',
    '{"feature": "ai_chat", "quantity": 0}',
    '{"feature": "ai_chat", "quantity": 1e3}',
    '{"feature": "ai_chat", "quantity": 1.5}',
    '{"feature": "ai_chat", "quantity": NaN}',
    '{"feature": "ai_chat", "quantity": Infinity}',
    '{"feature": "ai_chat", "quantity": true}',
    '{"feature": "ai_chat", "quantity": "5"}',
    '{"feature": "ai_chat", "quantity": null}',
    '{"feature": "ai_chat", "quantity": 9223372036854775808}',
    '{"feature": "ai_chat", "quantity": 12345678901234567890123456}',
    '{"feature": "ai_chat", "quantity": ' + "9" * 5_000 + "}",
    '{"feature": "ai\\u0000chat"}',
    '{"feature": "\\ud800"}',
    '{"feature": ""}',
    '{"feature": "ai_chat", "balance": 9999}',
    '{"feature": "ai_chat", "\\ud800": 1}',
    '{"feature": ["ai_chat"]}',
    f'{{"feature": {DEEP}',
    DEEP,
    "{",
    "null",
    "[]",
    "",
    "\\xff",
]


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
def test_bodies_that_do_not_fit_are_422(caller: ApiClient, body: str) -> None:
    answer = caller.post_raw("/ai-requests", body)

    assert answer.status_code == 422
    assert problem_of(answer)["code"] == "invalid_input"
    assert problem_of(answer)["errors"]
    assert caller.get("/usage").json["quota"]["used"] == 0


def test_body_that_is_no_utf8_is_422(caller: ApiClient) -> None:
    assert caller.post_raw("/ai-requests", b"\xff\xfe").status_code == 422


@pytest.mark.parametrize(
    "query", ["limit=x", "limit=0", "limit=101", "limit=1&limit=2", "is_admin=1"]
)
def test_queries_that_do_not_fit_are_422(caller: ApiClient, query: str) -> None:
    answer = caller.client.get(
        f"/api/v1/tokens/transactions?{query}", headers={"Authorization": f"Bearer {caller.key}"}
    )

    assert answer.status_code == 422


@pytest.mark.parametrize("cursor", ["x", "-1", "9" * 30, "1%00", "é"])
def test_cursor_that_is_none_is_422(caller: ApiClient, cursor: str) -> None:
    assert caller.get("/tokens/transactions", cursor=cursor).status_code == 422


def test_other_content_types_are_415(caller: ApiClient) -> None:
    for content_type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        headers = {"Authorization": f"Bearer {caller.key}", "Content-Type": content_type}
        answer = caller.post_raw("/ai-requests", '{"feature": "ai_chat"}', headers)

        assert (answer.status_code, problem_of(answer)["code"]) == (415, "unsupported_media_type")


def test_large_body_is_413(caller: ApiClient) -> None:
    answer = caller.post_raw("/ai-requests", " " * 300_000)

    assert answer.status_code == 413
    assert problem_of(answer)["status"] == 413


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic eDp5", "Bearer bk_", "Bearer é\0", "bk_aaaaaaaa_x"]
)
def test_without_a_key_nothing_is_said(stranger: ApiClient, header: str) -> None:
    answer = stranger.post_raw(
        "/ai-requests", "[", {"Authorization": header.encode("latin-1").decode("latin-1")}
    )

    assert (answer.status_code, problem_of(answer)["code"]) == (401, "not_authenticated")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_key_in_the_query_is_no_key(caller: ApiClient) -> None:
    answer = caller.client.get("/api/v1/usage", query_string={"api_key": caller.key})

    assert answer.status_code == 401


def test_wrong_secret_under_a_right_prefix_is_401(caller: ApiClient) -> None:
    wrong = caller.key[:-1] + ("A" if caller.key[-1] != "A" else "B")

    for key in (wrong, caller.key.upper(), caller.key + "A", caller.key[:-1]):
        assert ApiClient(caller.client, key).get("/usage").status_code == 401


def test_session_cookie_opens_nothing(catalog: None, client: FlaskClient) -> None:
    account(EMAIL)
    log_in(client)

    answer = client.get("/api/v1/usage")

    assert client.get("/account").status_code == 200
    assert answer.status_code == 401


def test_read_key_does_not_write(user: User, app: Flask) -> None:
    raw_key = api_keys.create(user=user, scopes=["read"], actor="test")
    reader = ApiClient(app.test_client(), raw_key)

    answer = reader.post("/ai-requests", {"feature": "ai_chat"})

    assert (answer.status_code, problem_of(answer)["code"]) == (403, "scope_missing")
    assert reader.get("/usage").status_code == 200


def test_user_key_does_not_provision(caller: ApiClient) -> None:
    answer = caller.post("/users", {"external_id": "x", "email": "x@example.test"})

    assert (answer.status_code, problem_of(answer)["code"]) == (403, "service_key_required")


def test_user_key_speaks_of_nobody_else(caller: ApiClient, host: ApiClient, user: User) -> None:
    host.post("/users", {"external_id": "u-1", "email": "eve@example.test"})
    other = account()

    for name in ("u-1", str(other.id), "0", "nobody"):
        answer = caller.get("/usage", user=name)
        assert (answer.status_code, problem_of(answer)["code"]) == (404, "user_not_found")
    assert caller.get("/usage", user=str(user.id)).status_code == 200


def test_service_key_names_the_user(host: ApiClient) -> None:
    answer = host.get("/usage")

    assert (answer.status_code, list(problem_of(answer)["errors"])) == (422, ["user"])


@pytest.mark.parametrize(
    "name", ["nobody", "99999999999999999999", "0", "-1", "1%00", "é", "x" * 300]
)
def test_unknown_user_is_404(host: ApiClient, name: str) -> None:
    assert problem_of(host.get(f"/users/{name}"))["code"] == "user_not_found"


def test_user_who_is_out_stops(host: ApiClient, caller: ApiClient, user: User) -> None:
    with transaction():
        user.disabled_at = clock.now()

    assert caller.get("/usage").status_code == 401
    assert problem_of(host.get("/usage", user=str(user.id)))["code"] == "account_inactive"


def test_feature_of_a_higher_tier_is_403(caller: ApiClient) -> None:
    answer = caller.post("/ai-requests", {"feature": "ai_mentor"})

    assert (answer.status_code, problem_of(answer)["code"]) == (403, "feature_not_in_tier")


def test_unknown_feature_is_404(caller: ApiClient) -> None:
    answer = caller.post("/ai-requests", {"feature": "ai_nothing"})

    assert (answer.status_code, problem_of(answer)["code"]) == (404, "unknown_feature")


def test_address_of_somebody_else_is_409(host: ApiClient, user: User) -> None:
    answer = host.post("/users", {"external_id": "u-9", "email": user.email})

    assert (answer.status_code, problem_of(answer)["code"]) == (409, "email_taken")


@pytest.mark.parametrize("email", ["nothing", "a@b", "a@example.test,b@example.test", "a@b\nc"])
def test_address_that_is_none_is_422(host: ApiClient, email: str) -> None:
    assert host.post("/users", {"external_id": "u-9", "email": email}).status_code == 422


def test_wrong_method_says_which_are_right(caller: ApiClient) -> None:
    answer = caller.client.delete("/api/v1/usage")

    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]
    assert answer.mimetype == "application/problem+json"


def test_request_id_comes_back(caller: ApiClient) -> None:
    answer = caller.client.get("/api/v1/tiers", headers={"X-Request-Id": "host-12345678"})

    assert answer.headers["X-Request-Id"] == "host-12345678"
