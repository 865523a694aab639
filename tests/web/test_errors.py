"""Errors: a page in the frame for people, a problem document for programs."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from flask import Flask, abort
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from structlog.testing import capture_logs

from billing import errors
from billing.settings import Settings
from tests import states
from tests.markup import faults
from tests.page import PageClient

pytestmark = pytest.mark.one_database

SECRET = "sk_live_planted_in_the_exception"
FAILURES: dict[str, Exception] = {
    "refused": errors.InsufficientTokens("2 of 5 tokens are there.", balance=2, required=5),
    "limited": errors.RateLimited("Wait for 40 seconds.", retry_after_seconds=40),
    "stripe": errors.GatewayUnavailable("Stripe did not answer."),
    "unknown": errors.TierNotFound("There is no plan on sale under this name.", tier="gold"),
    "database": OperationalError("SELECT 1", {}, Exception("gone away")),
    "crowd": PoolTimeout("QueuePool limit reached"),
    "mistake": ZeroDivisionError(SECRET),
    "stranger": errors.NotAuthenticated("Send a key."),
    "forbidden": errors.NotEntitled("Admins only."),
}


def let_fail(app: Flask) -> None:
    """Give the app a page and an API call for each way to fail."""
    # Mistakes of ours are answered as in production, not raised into the test.
    app.testing = False

    def fail(kind: str) -> str:
        raise FAILURES[kind]

    app.add_url_rule("/fail/<kind>", view_func=fail, endpoint="page_fails")
    app.add_url_rule("/api/v1/fail/<kind>", view_func=fail, endpoint="api_fails")


@pytest.fixture
def failing(app: Flask) -> Flask:
    def teapot() -> str:
        return abort(418)

    let_fail(app)
    app.add_url_rule("/api/v1/teapot", view_func=teapot, endpoint="api_teapot")
    return app


@pytest.mark.usefixtures("failing")
class TestPages:
    @pytest.mark.parametrize(
        ("path", "status", "heading"),
        [
            ("/nowhere", 404, "Page not found"),
            ("/fail/unknown", 404, "There is no such plan"),
            ("/fail/refused", 402, "Not enough quota or tokens"),
            ("/fail/forbidden", 403, "You do not have access to this page"),
            ("/fail/limited", 429, "Too many tries"),
            ("/fail/stripe", 503, "Payments are not available right now"),
            ("/fail/database", 503, "The service is unavailable"),
            ("/fail/crowd", 503, "The service is unavailable"),
            ("/fail/mistake", 500, "There is a problem with the service"),
        ],
    )
    def test_error_has_its_page_in_the_frame(
        self, page: PageClient, path: str, status: int, heading: str
    ) -> None:
        page.open(path, status=status)

        assert heading == page.current.h1
        assert "/pricing" == page.current.links["Billhook"]

    def test_it_says_when_to_try_again(self, client: FlaskClient) -> None:
        answer = client.get("/fail/limited")

        assert "40" == answer.headers["Retry-After"]
        assert "Try again at" in answer.text

    def test_an_unavailable_service_says_when_it_is_back(self, client: FlaskClient) -> None:
        assert client.get("/fail/database").headers["Retry-After"].isdigit()

    def test_a_mistake_tells_its_request_id_and_nothing_else(self, client: FlaskClient) -> None:
        answer = client.get("/fail/mistake", headers={"X-Request-Id": "request-4711"})

        assert "request-4711" in answer.text
        assert SECRET not in answer.text
        assert "ZeroDivisionError" not in answer.text

    def test_the_page_of_a_failure_asks_no_database(self, page: PageClient) -> None:
        states.catalog_at_stripe()
        user = states.free()
        states.log_in(page, user)

        text = page.open("/fail/database", status=503).text

        assert user.email not in text

    def test_other_methods_are_refused_with_the_right_ones(self, client: FlaskClient) -> None:
        answer = client.delete("/pricing")

        assert 405 == answer.status_code
        assert {"GET", "HEAD", "OPTIONS"} == set(answer.headers["Allow"].split(", "))
        assert [] == faults(answer.text)

    def test_a_stranger_is_sent_to_log_in_and_back(self, client: FlaskClient) -> None:
        answer = client.get("/fail/stranger?a=b")

        assert 303 == answer.status_code
        assert "/login?next=/fail/stranger?a%3Db" == answer.headers["Location"]


@pytest.mark.usefixtures("failing")
class TestProblemDocuments:
    def _problem(self, client: FlaskClient, path: str, status: int) -> dict[str, Any]:
        answer = client.get(path, headers={"X-Request-Id": "request-4711"})
        assert status == answer.status_code
        assert "application/problem+json" == answer.mimetype
        problem: dict[str, Any] = answer.get_json(force=True)
        return problem

    def test_refusal_carries_its_code_and_numbers(self, client: FlaskClient) -> None:
        problem = self._problem(client, "/api/v1/fail/refused", 402)

        assert {
            "type": "urn:billhook:problem:insufficient_tokens",
            "title": "Not enough quota or tokens",
            "status": 402,
            "detail": "2 of 5 tokens are there.",
            "code": "insufficient_tokens",
            "balance": 2,
            "required": 5,
            "request_id": "request-4711",
        } == problem

    def test_unknown_address(self, client: FlaskClient) -> None:
        assert "not_found" == self._problem(client, "/api/v1/nowhere", 404)["code"]

    def test_http_error_of_the_framework(self, client: FlaskClient) -> None:
        assert "im_a_teapot" == self._problem(client, "/api/v1/teapot", 418)["code"]

    def test_a_mistake_is_generic(self, client: FlaskClient) -> None:
        problem = self._problem(client, "/api/v1/fail/mistake", 500)

        assert "internal_error" == problem["code"]
        assert SECRET not in str(problem)

    def test_unauthenticated_is_not_sent_to_a_page(self, client: FlaskClient) -> None:
        self._problem(client, "/api/v1/fail/stranger", 401)

        answer = client.get("/api/v1/fail/stranger")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")

    def test_method_not_allowed_keeps_the_methods(self, client: FlaskClient) -> None:
        answer = client.delete("/api/v1/teapot")

        assert 405 == answer.status_code
        assert "GET" in answer.headers["Allow"]
        assert "application/problem+json" == answer.mimetype


@pytest.mark.usefixtures("failing")
class TestLog:
    def test_a_refusal_is_news(self, client: FlaskClient) -> None:
        with capture_logs() as lines:
            client.get("/fail/refused")

        refused = [line for line in lines if line["event"] == "request.refused"]
        assert [("info", "insufficient_tokens")] == [
            (line["log_level"], line["code"]) for line in refused
        ]

    def test_a_mistake_is_an_error(self, client: FlaskClient) -> None:
        with capture_logs() as lines:
            client.get("/fail/mistake")

        assert ["error"] == [
            line["log_level"] for line in lines if line["event"] == "request.failed"
        ]

    def test_a_mistake_is_logged_once(
        self, client: FlaskClient, caplog: pytest.LogCaptureFixture
    ) -> None:
        with capture_logs(), caplog.at_level(logging.ERROR):
            client.get("/fail/mistake")

        assert [] == caplog.records


def test_under_test_a_mistake_is_raised(app: Flask, settings: Settings) -> None:
    app.add_url_rule("/mistake", view_func=lambda: str(1 / 0), endpoint="mistake")
    app.testing = True

    with pytest.raises(ZeroDivisionError):
        app.test_client().get("/mistake", base_url=settings.base_url)
