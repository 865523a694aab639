"""Who gets to the desk: every route, asked by a stranger, a user and an admin."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from billing.database import transaction
from billing.models import User
from billing.services import accounts, host_events
from billing.settings import Settings
from tests import factories, states
from tests.architecture.test_routes import address_of
from tests.page import PageClient
from tests.web.admin.test_events import add_events
from tests.web.visitor import csrf_token, log_in, new_browser

pytestmark = pytest.mark.one_database


def _admin_routes(app: Flask, method: str) -> list[str]:
    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith("admin.")]
    assert rules
    return sorted(address_of(rule) for rule in rules if method in (rule.methods or ()))


def _statuses(client: FlaskClient, app: Flask) -> dict[str, int]:
    """Ask for every route with a token, so that only who asks makes the difference."""
    token = csrf_token(client)
    answers = {path: client.get(path) for path in _admin_routes(app, "GET")}
    posted = {
        f"POST {path}": client.post(path, data={"csrf_token": token})
        for path in _admin_routes(app, "POST")
    }
    return {path: answer.status_code for path, answer in (answers | posted).items()}


def test_stranger_is_sent_to_the_log_in(app: Flask, settings: Settings, admin: User) -> None:
    statuses = _statuses(new_browser(app, settings), app)

    assert {302} == set(statuses.values())


def test_for_a_user_there_is_nothing(app: Flask, settings: Settings, admin: User) -> None:
    browser = new_browser(app, settings)
    log_in(browser, email=factories.account().email)

    statuses = _statuses(browser, app)

    assert {404} == set(statuses.values())


def _one_of_each() -> None:
    """Make the record that each address asks for: the first of its kind."""
    user = states.busy()
    accounts.send_verification(user)
    host_events.emit(user.id, "tokens.granted", {"tokens": 5})
    add_events(1)


def test_admin_is_let_in(app: Flask, settings: Settings, admin: User) -> None:
    _one_of_each()
    browser = new_browser(app, settings)
    log_in(browser, email=admin.email)

    refused = {
        path: status
        for path in _admin_routes(app, "GET")
        if (status := browser.get(path).status_code) not in {200, 302, 303}
    }

    assert refused == {}


def test_role_counts_from_the_next_request(desk: PageClient, admin: User) -> None:
    desk.open("/admin/users")

    with transaction():
        admin.is_admin = False

    desk.open("/admin/users", status=404)


def test_pages_are_kept_by_no_cache(app: Flask, settings: Settings, admin: User) -> None:
    browser = new_browser(app, settings)
    log_in(browser, email=admin.email)

    assert browser.get("/admin/users").headers["Cache-Control"] == "no-store"


class TestPasswordAskedAgain:
    """Money moves only for who has typed the password within 15 minutes."""

    def test_password_is_taken(self, desk: PageClient) -> None:
        desk.open("/admin/confirm-password?next=/admin/users")

        page = desk.press("Continue", password=factories.PASSWORD)

        assert page.path == "/admin/users"

    def test_wrong_password_is_refused(self, desk: PageClient) -> None:
        desk.open("/admin/confirm-password?next=/admin/users")

        page = desk.press("Continue", password="not the password", status=422)

        assert "This is not your password" in page.main

    def test_guesses_are_counted(self, desk: PageClient) -> None:
        for _ in range(5):
            desk.open("/admin/confirm-password")
            desk.press("Continue", password="not the password", status=422)

        desk.open("/admin/confirm-password")
        desk.press("Continue", password=factories.PASSWORD, status=429)

    def test_way_on_stays_on_this_site(self, desk: PageClient) -> None:
        desk.open("/admin/confirm-password?next=//evil.test/")

        page = desk.press("Continue", password=factories.PASSWORD)

        assert page.path == "/admin/"
