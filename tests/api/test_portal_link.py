"""Portal links: the host's user comes in once, within ten minutes, and as nobody else."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from billing import clock
from billing.database import db, transaction
from billing.models import PortalLink, User
from billing.settings import Settings
from tests.api.conftest import ApiClient, problem_of
from tests.factories import account
from tests.web.visitor import EMAIL, log_in, new_browser


@pytest.fixture
def link(host: ApiClient, settings: Settings) -> str:
    """The path of a new link for the user `u-1`."""
    host.post("/users", {"external_id": "u-1", "email": "una@example.test"})
    answer = host.post("/users/u-1/portal-link")
    assert answer.status_code == 201
    assert answer.json["url"].startswith(f"{settings.base_url}/portal/")
    return str(answer.json["url"]).removeprefix(settings.base_url)


def test_link_leads_in(link: str, client: FlaskClient) -> None:
    answer = client.get(link)

    assert (answer.status_code, answer.headers["Location"]) == (303, "/account")
    assert "una@example.test" in client.get("/account").text
    assert "Email me" not in client.get("/usage").text, "the host tells its users of alerts"


def test_link_works_once(link: str, app: Flask, settings: Settings) -> None:
    new_browser(app, settings).get(link)
    second = new_browser(app, settings)

    assert second.get(link).status_code == 400
    assert second.get("/account").status_code == 302


def test_link_ends_after_ten_minutes(
    frozen_time: time_machine.Traveller, link: str, client: FlaskClient
) -> None:
    frozen_time.shift(timedelta(minutes=10))

    assert client.get(link).status_code == 400


def test_looking_without_entering_does_not_use_it(link: str, client: FlaskClient) -> None:
    assert client.head(link).status_code == 204
    assert client.get(link).status_code == 303


@pytest.mark.parametrize("change", ["turned", "cut", "dotted"])
def test_changed_link_opens_nothing(link: str, client: FlaskClient, change: str) -> None:
    # Not the last character alone: two bits of it are padding, so another one may say the same.
    start, end = link[:-10], link[-10:]
    changed = {"turned": start + end[::-1], "cut": link[:-1], "dotted": f"{link[:-1]}."}

    answer = client.get(changed[change])

    assert answer.status_code in {400, 404}
    assert client.get("/account").status_code == 302


def test_row_alone_opens_nothing(link: str, client: FlaskClient) -> None:
    nonce = db.session.scalars(select(PortalLink.nonce)).one()

    assert client.get(f"/portal/{nonce}").status_code == 400


def test_link_of_a_user_who_is_out_opens_nothing(link: str, client: FlaskClient) -> None:
    with transaction() as session:
        session.scalars(
            select(User).where(User.external_id == "u-1")
        ).one().disabled_at = clock.now()

    assert client.get(link).status_code == 400


def test_whoever_was_logged_in_is_not_any_more(link: str, client: FlaskClient) -> None:
    account(EMAIL)
    log_in(client)
    before = client.get_cookie("billhook_session", "127.0.0.1")
    assert before

    client.get(link)

    client.set_cookie("billhook_session", before.value, domain="127.0.0.1")
    assert client.get("/account").status_code == 302


def test_same_key_returns_the_same_link(host: ApiClient, link: str) -> None:
    first = host.post("/users/u-1/portal-link", key="k")
    again = host.post("/users/u-1/portal-link", key="k")
    other = host.post("/users/u-1/portal-link", key="l")

    assert first.json == again.json
    assert again.headers["Idempotent-Replayed"] == "true"
    assert other.json["url"] != first.json["url"]


def test_user_key_makes_no_links(caller: ApiClient, user: User) -> None:
    answer = caller.post(f"/users/{user.id}/portal-link")

    assert problem_of(answer)["code"] == "service_key_required"
