"""Every route, walked: hardened answers, guards, ids of others, ids that are none.

H3 (headers), H9 (path ids), H11 (TRACE), W13 (other people's ids), W14 (admin).
"""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.routing import Rule

from billing.database import db, transaction
from billing.models import ApiKey, User, UserSession
from billing.services import api_keys, metering, sessions
from billing.settings import Settings
from tests.architecture.test_routes import address_of
from tests.factories import account
from tests.states import catalog_at_stripe
from tests.web.visitor import EMAIL, csrf_token, log_in, new_browser, post

OTHER = "eve@northpier.test"
LOGIN = "/login"
# What strangers may see; every other page sends them to the log-in.
OPEN = {
    *("pricing", "auth", "health", "metrics", "api", "assets", "styleguide", "webhooks"),
    *("portal_link", "language", "theme"),
}
OPEN_ENDPOINTS = {
    *("usage.turn_alert_off", "settings.email.confirm"),
    *("checkout.success", "checkout.cancel", "checkout.status"),
}
# Where a user names something by its id; each is tried with what somebody else owns.
NAMED_BY_USERS = {
    "settings.api_keys.revoke": 404,
    # It has ended for whoever asks, as after a second press of the button.
    "settings.sessions.end": 303,
    "usage.explain": 404,
}
NO_IDS = ["0", "-1", str(10**20), "1%00", "%C3%A9", "x" * 300, "..%2f", "1%27%20OR%201=1--"]
HARDENED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@pytest.fixture
def user(app: Flask) -> User:
    catalog_at_stripe()
    return account(EMAIL)


def _rules(app: Flask, *, of: str = "") -> list[Rule]:
    return [rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith(of)]


def _gettable(rules: list[Rule]) -> Iterator[Rule]:
    return (rule for rule in rules if "GET" in (rule.methods or set()))


def _is_open(rule: Rule) -> bool:
    return rule.endpoint.partition(".")[0] in OPEN or rule.endpoint in OPEN_ENDPOINTS


@pytest.mark.one_database
def test_every_route_answers_hardened(app: Flask, user: User, client: FlaskClient) -> None:
    answers = [
        (rule, method, client.open(address_of(rule), method=method))
        for rule in _rules(app)
        for method in ("GET", "POST", "TRACE")
    ]

    weak = [
        (str(rule), method, name)
        for rule, method, answer in answers
        for name, value in HARDENED.items()
        if answer.headers.get(name) != value
        or "default-src 'none'" not in answer.headers["Content-Security-Policy"]
    ]
    assert weak == []
    broken = [(str(rule), m, a.status) for rule, m, a in answers if a.status_code >= 500]
    assert broken == []
    traced = {answer.status_code for _, method, answer in answers if method == "TRACE"}
    assert traced <= {400, 404, 405}


@pytest.mark.one_database
def test_a_stranger_is_sent_to_the_log_in(app: Flask, user: User, client: FlaskClient) -> None:
    guarded = [rule for rule in _gettable(_rules(app)) if not _is_open(rule)]

    answers = {str(rule): client.get(address_of(rule)) for rule in guarded}

    assert len(answers) > 20
    let_in = {
        path: answer.status
        for path, answer in answers.items()
        if not answer.headers.get("Location", "").startswith(LOGIN)
    }
    assert let_in == {}


@pytest.mark.one_database
def test_the_desk_is_there_for_admins_alone(
    app: Flask, user: User, client: FlaskClient, settings: Settings
) -> None:
    admin = account(OTHER, is_admin=True)
    desk = new_browser(app, settings)
    log_in(client)
    log_in(desk, email=OTHER)
    rules = list(_gettable(_rules(app, of="admin.")))

    to_the_user = {client.get(address_of(rule)).status_code for rule in rules}
    to_the_admin = [desk.get(address_of(rule)).status_code for rule in rules if not rule.arguments]
    with transaction():
        admin.is_admin = False
    to_who_was_one = {desk.get(address_of(rule)).status_code for rule in rules}

    assert to_the_user == to_who_was_one == {HTTPStatus.NOT_FOUND}
    assert set(to_the_admin) <= {200, 302, 303}
    assert len(rules) >= 4


def test_ids_that_are_none_are_not_found(app: Flask, user: User, client: FlaskClient) -> None:
    with transaction():
        user.is_admin = True
    log_in(client)
    token = csrf_token(client)
    rules = [rule for rule in _rules(app) if rule.arguments and rule.endpoint != "assets.show"]
    key = {"Authorization": f"Bearer {api_keys.create(user=user, actor='test')}"}

    found = [
        (str(rule), wrong, method, client.open(path, method=method, data=body, headers=headers))
        for rule in rules
        for wrong in NO_IDS
        for method in sorted((rule.methods or set()) & {"GET", "POST"})
        for path in [_with(rule, wrong)]
        for is_api in [str(rule).startswith("/api/")]
        for headers, body in [(key, None) if is_api else ({}, {"csrf_token": token})]
    ]

    assert [(*each[:3], each[3].status) for each in found if each[3].status_code >= 500] == []
    numbers = [each for each in found if "<int:" in each[0]]
    assert {each[3].status_code for each in numbers} == {404}


def _with(rule: Rule, value: str) -> str:
    address = str(rule)
    return address[: address.index("<")] + value + address[address.index(">") + 1 :]


@pytest.mark.one_database
def test_what_another_person_owns_is_not_found(
    app: Flask, user: User, client: FlaskClient, settings: Settings
) -> None:
    api_keys.create(user=user, actor="test")
    sessions.start(user)
    receipt = metering.record(user, "ai_chat", 1, idempotency_key="k")
    key_id = db.session.scalars(select(ApiKey.id)).one()
    session_id = db.session.scalars(select(UserSession.id)).one()
    stranger = new_browser(app, settings)
    account(OTHER)
    log_in(stranger, email=OTHER)

    tries = {
        "settings.api_keys.revoke": post(stranger, f"/account/settings/keys/{key_id}/revoke"),
        "settings.sessions.end": post(stranger, f"/account/settings/devices/{session_id}/end"),
        "usage.explain": stranger.get(f"/usage/explain/{receipt.id}"),
    }

    assert {name: answer.status_code for name, answer in tries.items()} == NAMED_BY_USERS
    assert db.session.get(UserSession, session_id) is not None
    assert api_keys.list_for(user) != []
    named = {
        rule.endpoint
        for rule in _rules(app)
        if rule.arguments and not _is_open(rule) and not rule.endpoint.startswith("admin.")
    }
    assert named == NAMED_BY_USERS.keys()
    log_in(client)
    assert client.get(f"/usage/explain/{receipt.id}").status_code == 200
