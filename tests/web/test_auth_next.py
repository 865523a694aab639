"""Where a log-in leads to: on with what was begun, and never to another site."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from billing.models import User
from tests.factories import PASSWORD, account, demo_catalog
from tests.web.visitor import EMAIL, csrf_token, log_in

pytestmark = pytest.mark.one_database

ELSEWHERE = [
    "//evil.test",
    "///evil.test",
    "////evil.test",
    "/\\evil.test",
    "\\\\evil.test",
    "/\t/evil.test",
    "/\n/evil.test",
    "/\r\nSet-Cookie: a=b",
    " //evil.test",
    "https://evil.test",
    "https:evil.test",
    "http:/evil.test",
    "javascript:alert(1)",
    "data:text/html,x",
    "evil.test",
    "@evil.test",
    "/x\0y",
    "/" + "x" * 3000,
    "",
]
OURS = ["/pricing", "/usage/transactions?page=2&type=grant", "/pricing#tokens", "/%09/x"]


@pytest.fixture(autouse=True)
def user(app: Flask) -> User:
    demo_catalog()
    return account(EMAIL)


@pytest.mark.parametrize("target", ELSEWHERE)
@pytest.mark.parametrize("path", ["/login", "/signup"])
def test_next_never_leads_elsewhere(client: FlaskClient, path: str, target: str) -> None:
    answer = client.post(
        path,
        query_string={"next": target},
        data={"csrf_token": csrf_token(client), "email": EMAIL, "password": PASSWORD},
    )

    assert (answer.status_code, answer.location) == (303, "/account")


@pytest.mark.parametrize("target", OURS)
def test_next_leads_to_our_own_pages(client: FlaskClient, target: str) -> None:
    answer = client.post(
        "/login",
        query_string={"next": target},
        data={"csrf_token": csrf_token(client), "email": EMAIL, "password": PASSWORD},
    )

    assert answer.location == target


def test_stranger_comes_back_to_where_the_form_was(client: FlaskClient) -> None:
    base = "http://127.0.0.1"
    answer = client.post(
        "/checkout/tokens",
        data={"csrf_token": csrf_token(client), "package": "tokens-500"},
        base_url=base,
        headers={"Referer": f"{base}/pricing?interval=year"},
    )

    assert answer.location == "/login?next=/pricing?interval%3Dyear"


def test_form_that_came_from_elsewhere_leads_to_the_account(client: FlaskClient) -> None:
    answer = client.post(
        "/checkout/tokens",
        data={"csrf_token": csrf_token(client), "package": "tokens-500"},
        headers={"Referer": "https://evil.test/pricing"},
    )

    assert answer.location == "/login"


def test_who_is_logged_in_needs_no_log_in_page(client: FlaskClient) -> None:
    log_in(client)

    answer = client.get("/login?next=/usage")

    assert (answer.status_code, answer.location) == (302, "/usage")
