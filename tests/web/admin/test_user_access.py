"""Who may come in: shut out, let in, written to, and looked at as they look."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from billing.database import db, transaction
from billing.models import Email, User
from billing.services import api_keys
from billing.settings import Settings
from tests import factories, states
from tests.page import PageClient
from tests.web.admin import desk_log
from tests.web.visitor import is_logged_in, log_in, new_browser

pytestmark = pytest.mark.one_database


@pytest.fixture
def user(admin: User) -> User:
    return states.busy()


class TestDisable:
    def test_user_is_out_at_once(
        self, app: Flask, settings: Settings, desk: PageClient, user: User
    ) -> None:
        browser, key = new_browser(app, settings), api_keys.create(actor="test", user=user)
        log_in(browser, email=user.email)
        headers = {"Authorization": f"Bearer {key}"}
        assert browser.get("/api/v1/subscription", headers=headers).status_code == 200

        desk.open(f"/admin/users/{user.id}")
        desk.follow("Disable")
        page = desk.press(f"Disable {user.email}", reason="Stolen card")

        assert f"{user.email} is shut out." in page.main
        assert 302 == browser.get("/account").status_code
        assert 401 == browser.get("/api/v1/subscription", headers=headers).status_code
        assert 401 == log_in(browser, email=user.email).status_code
        (logged,) = desk_log.by_admins()
        assert ("user.disabled", user.id, "Stolen card") == (
            logged.action,
            logged.subject_id,
            logged.reason,
        )
        assert ({"is_disabled": False}, {"is_disabled": True}) == (logged.before, logged.after)

    def test_and_in_again(
        self, app: Flask, settings: Settings, desk: PageClient, user: User
    ) -> None:
        desk.open(f"/admin/users/{user.id}/disable")
        desk.press(f"Disable {user.email}", reason="Stolen card")

        desk.follow("Enable")
        desk.press(f"Enable {user.email}", reason="It was theirs")

        browser = new_browser(app, settings)
        log_in(browser, email=user.email)
        assert is_logged_in(browser)
        assert ["user.disabled", "user.enabled"] == [each.action for each in desk_log.by_admins()]

    def test_reason_must_be_said(self, desk: PageClient, user: User) -> None:
        desk.open(f"/admin/users/{user.id}/disable")

        page = desk.press(f"Disable {user.email}", reason="  ", status=422)

        assert "Say why" in page.main
        assert [] == desk_log.by_admins()

    def test_nobody_shuts_themselves_out(self, desk: PageClient, admin: User) -> None:
        desk.open(f"/admin/users/{admin.id}/disable")

        page = desk.press(f"Disable {admin.email}", reason="Oops")

        assert "You cannot disable your own account." in page.main

    def test_no_field_of_the_form_makes_an_admin(
        self, client: FlaskClient, desk: PageClient, user: User
    ) -> None:
        page = desk.open(f"/admin/users/{user.id}/enable")
        token = page.all("input")[-1].get("value") or ""

        client.post(
            f"/admin/users/{user.id}/enable",
            data={"csrf_token": token, "reason": "x", "is_admin": "1", "balance": "9999"},
        )

        db.session.rollback()
        assert (False, 1_200) == (user.is_admin, user.token_balance.balance)


class TestMany:
    def test_ticked_users_are_disabled(self, desk: PageClient) -> None:
        others = [states.free(), states.free()]
        desk.open(
            f"/admin/users/selected?action=disable&id={others[0].id}&id={others[1].id}&id=x&id=-1"
        )

        page = desk.press("Disable 2 users", reason="Spam")

        assert "2 users changed." in page.main
        assert {each.id for each in others} == {each.subject_id for each in desk_log.by_admins()}

    def test_all_that_match_are(self, desk: PageClient, user: User) -> None:
        users = [states.free() for _ in range(30)]
        desk.open("/admin/users?tier=free&role=user")

        page = desk.press("Disable", all="yes")
        assert "Disable 30 users" == page.h1
        desk.press("Disable 30 users", reason="Spam")

        db.session.rollback()
        assert all(each.disabled_at for each in users)
        assert user.disabled_at is None

    def test_nothing_ticked_is_nothing_done(self, desk: PageClient) -> None:
        for asked in ("action=disable", "action=delete&all=yes", "action=disable&id=999", ""):
            page = desk.open(f"/admin/users/selected?{asked}")

            assert "/admin/users" == page.path


def test_verification_is_sent_again(desk: PageClient, user: User) -> None:
    desk.open(f"/admin/users/{user.id}")
    desk.follow("Resend verification")

    desk.press("Send the email")

    db.session.rollback()
    sent = db.session.scalars(db.select(Email).where(Email.user_id == user.id)).all()
    assert ["verify_email"] == [each.kind for each in sent]
    assert ["user.verification_resent"] == [each.action for each in desk_log.by_admins()]


class TestSignInAs:
    def test_admin_sees_what_the_user_sees(self, desk: PageClient, user: User) -> None:
        desk.open(f"/admin/users/{user.id}")
        desk.follow("Sign in as")

        page = desk.press(f"Sign in as {user.email}", reason="Ticket 12")

        assert "/account" == page.path
        assert f"You are looking at the account of {user.email}" in page.main
        assert "Pro" in page.main

    def test_nothing_can_be_paid_or_changed(self, desk: PageClient, user: User) -> None:
        self._act(desk, user)
        desk.open("/pricing")

        refused = desk.press("Buy 500 tokens for $20.00", status=403)

        assert "An admin can look at an account" in refused.main

    def test_desk_is_closed_meanwhile(self, desk: PageClient, user: User) -> None:
        self._act(desk, user)

        desk.open("/admin/users", status=404)

    def test_way_back_leads_to_the_desk(self, desk: PageClient, user: User) -> None:
        self._act(desk, user)

        page = desk.press("Back to the desk")

        assert f"/admin/users/{user.id}" == page.path
        assert ["user.acting_started", "user.acting_ended"] == [
            each.action for each in desk_log.by_admins()
        ]

    def test_it_ends_by_itself_after_an_hour(self, desk: PageClient, user: User) -> None:
        with (
            time_machine.travel(0, tick=False)
            if False
            else time_machine.travel(user.created_at + timedelta(minutes=1)) as traveller
        ):
            self._act(desk, user)
            traveller.shift(timedelta(hours=1))

            desk.open("/admin/users")

    def test_it_ends_with_the_admins_role(self, desk: PageClient, admin: User, user: User) -> None:
        self._act(desk, user)
        with transaction():
            admin.is_admin = False

        page = desk.open("/account")

        assert user.email not in page.text

    @pytest.mark.parametrize("who", ["admin", "disabled"])
    def test_not_everybody_can_be_looked_at(self, desk: PageClient, who: str) -> None:
        other = factories.account(is_admin=who == "admin")
        if who == "disabled":
            with transaction():
                other.disabled_at = other.created_at
        desk.open(f"/admin/users/{other.id}/act")

        page = desk.press(f"Sign in as {other.email}", reason="Curious")

        assert f"/admin/users/{other.id}" == page.path
        assert [] == desk_log.by_admins()

    def _act(self, desk: PageClient, user: User) -> None:
        desk.open(f"/admin/users/{user.id}/act")
        desk.press(f"Sign in as {user.email}", reason="Ticket 12")
