"""The settings pages, as their owner uses them."""

from __future__ import annotations

import json

import pytest
from flask import Flask
from flask.testing import FlaskClient

from billing.database import db
from billing.models import User
from billing.services import api_keys, sessions
from billing.settings import Settings
from tests import factories, states
from tests.outbox import Outbox
from tests.page import PageClient
from tests.web.visitor import is_logged_in, log_in, new_browser, post

pytestmark = pytest.mark.one_database

NEW = "mara.new@northpier.test"
NEW_PASSWORD = "a calm harbor at dawn"


@pytest.fixture
def mara(app: Flask, page: PageClient) -> User:
    states.catalog_at_stripe()
    user = states.busy()
    states.log_in(page, user)
    return user


def reread(user: User) -> User:
    db.session.rollback()
    db.session.expire_all()
    return user


class TestPreferences:
    def test_dates_follow_the_time_zone(self, page: PageClient, mara: User) -> None:
        page.open("/account/settings")

        page.press("Save language and time zone", time_zone="Asia/Tokyo")

        assert "Language and time zone saved." in page.current.main
        assert "Asia/Tokyo" == reread(mara).time_zone
        assert "Tokyo time" in page.open("/usage").main

    def test_what_there_is_not_is_refused(self, page: PageClient, mara: User) -> None:
        page.open("/account/settings")

        page.press("Save language and time zone", status=422, locale="xx", time_zone="Moon/Sea")

        assert "Choose one of the languages" in page.current.main
        assert "Choose one of the time zones" in page.current.main
        assert "UTC" == reread(mara).time_zone


class TestEmail:
    def test_link_at_the_new_address_makes_the_change(
        self, page: PageClient, mara: User, outbox: Outbox
    ) -> None:
        old = mara.email
        page.open("/account/settings")
        page.follow("Change the email address")
        page.press("Send the link", email=NEW, current_password=factories.PASSWORD)

        assert f"We sent a link to {NEW}." in page.current.main
        assert old == reread(mara).email
        assert old == outbox.last("is about to change").to
        page.open(outbox.last("Confirm your new email address").link)
        page.press(f"Confirm {NEW}")

        assert "Your email address is changed." in page.current.main
        assert NEW == reread(mara).email
        assert old == outbox.last("email address was changed").to

    def test_new_password_stops_it(self, page: PageClient, mara: User, outbox: Outbox) -> None:
        page.open("/account/settings/email")
        page.press("Send the link", email=NEW, current_password=factories.PASSWORD)
        link = outbox.last("Confirm your new email address").link
        page.open("/account/settings/password")
        page.press(
            "Change password", current_password=factories.PASSWORD, new_password=NEW_PASSWORD
        )

        page.open(link, status=400)

        assert NEW != reread(mara).email

    @pytest.mark.usefixtures("mara")
    def test_address_of_somebody_else_is_not_given_away(
        self, page: PageClient, outbox: Outbox
    ) -> None:
        factories.account(NEW)
        page.open("/account/settings/email")

        page.press("Send the link", email=NEW, current_password=factories.PASSWORD)

        assert f"We sent a link to {NEW}." in page.current.main
        assert [NEW] == [letter.to for letter in outbox.letters()]
        assert "link" not in outbox.last().subject

    def test_what_is_wrong_stands_at_its_field(self, page: PageClient, mara: User) -> None:
        page.open("/account/settings/email")

        page.press("Send the link", status=422, email=mara.email, current_password="x")
        same = page.current.main
        page.press("Send the link", status=422, email=NEW, current_password="wrong")

        assert "This is your address already" in same
        assert "This is not your password" in page.current.main
        assert f'value="{NEW}"' in page.current.html

    def test_address_is_confirmed_later(self, page: PageClient, mara: User, outbox: Outbox) -> None:
        page.open("/account/settings")
        page.press("Send it again to confirm your address")

        page.open(outbox.last("Confirm your email address").link)
        page.press(f"Confirm {mara.email}")

        assert "Not confirmed" not in page.open("/account/settings").main


class TestPassword:
    def test_it_logs_out_everywhere_else(
        self, app: Flask, settings: Settings, page: PageClient, mara: User, outbox: Outbox
    ) -> None:
        elsewhere = new_browser(app, settings)
        log_in(elsewhere, factories.PASSWORD, mara.email)
        page.open("/account/settings/password")

        page.press(
            "Change password", current_password=factories.PASSWORD, new_password=NEW_PASSWORD
        )

        assert "Password changed." in page.current.main
        assert "Changed " in page.current.main
        assert not is_logged_in(elsewhere)
        assert mara.email == outbox.last("password was changed").to

    @pytest.mark.usefixtures("mara")
    def test_easy_one_is_refused(self, page: PageClient) -> None:
        page.open("/account/settings/password")

        page.press(
            "Change password",
            status=422,
            current_password=factories.PASSWORD,
            new_password="short",
        )

        assert "Make the password 12 characters or longer" in page.current.main


class TestDevices:
    def test_one_is_logged_out(
        self, app: Flask, settings: Settings, page: PageClient, mara: User
    ) -> None:
        elsewhere = new_browser(app, settings)
        elsewhere.environ_base["HTTP_USER_AGENT"] = "Mozilla/5.0 (Windows NT 10.0) Firefox/140.0"
        log_in(elsewhere, factories.PASSWORD, mara.email)
        page.open("/account/settings")
        page.follow("See all devices")

        page.press("Log out Firefox on Windows")

        assert "That device is logged out." in page.current.main
        assert not is_logged_in(elsewhere)
        assert "This device" in page.open("/account/settings/devices").main

    @pytest.mark.usefixtures("mara")
    def test_that_of_somebody_else_stays(
        self, app: Flask, settings: Settings, client: FlaskClient
    ) -> None:
        stranger = factories.account()
        elsewhere = new_browser(app, settings)
        log_in(elsewhere, factories.PASSWORD, stranger.email)

        (theirs,) = sessions.list_for(reread(stranger), token="")
        post(client, f"/account/settings/devices/{theirs.id}/end")

        assert is_logged_in(elsewhere)


class TestApiKeys:
    @pytest.mark.usefixtures("mara")
    def test_it_is_shown_once_and_works(self, page: PageClient, client: FlaskClient) -> None:
        page.open("/account/settings")
        page.follow("Manage API keys")

        page.press("Create key", status=201, name="Nightly import", scopes="read", expires="90")
        key = page.current.all("input", "copy-field")[0].get("value", "")

        used = client.get("/api/v1/usage", headers={"Authorization": f"Bearer {key}"})
        assert 200 == used.status_code
        listed = page.open("/account/settings/keys")
        assert "Nightly import Read only" in listed.main
        assert key not in listed.html
        assert "expires " in listed.main

    def test_revoked_key_opens_nothing(
        self, page: PageClient, client: FlaskClient, mara: User
    ) -> None:
        key = api_keys.create(actor="test", user=mara, name="Old import")
        page.open("/account/settings/keys")
        page.follow("Revoke Old import")

        page.press("Revoke key")

        assert "No keys yet" in page.current.main
        used = client.get("/api/v1/usage", headers={"Authorization": f"Bearer {key}"})
        assert 401 == used.status_code

    @pytest.mark.usefixtures("mara")
    def test_key_of_somebody_else_is_not_there(self, page: PageClient) -> None:
        stranger = factories.account()
        api_keys.create(actor="test", user=stranger)
        (key,) = api_keys.list_for(stranger)

        page.open(f"/account/settings/keys/{key.id}/revoke", status=404)


def test_export_has_all_that_is_kept(client: FlaskClient, page: PageClient, mara: User) -> None:
    answer = client.get("/account/settings/data.json")

    document = json.loads(answer.text)
    assert mara.email == document["account"]["email"]
    assert "pro" == document["subscription"]["tier"]
    assert [3, 1, 4120, 1, 5] == [row["quantity"] for row in document["ai_requests"]]
    assert ["grant"] == [row["kind"] for row in document["token_transactions"]]
    assert ["BH-1987"] == [row["number"] for row in document["invoices"]]
    assert 1 == len(document["orders"])
    assert "hash" not in answer.text
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="account-data-')
