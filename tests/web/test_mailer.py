"""When the app sends its e-mails, and when it does not start without a way to."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from billing import create_app
from billing.models import User
from billing.services import emails
from billing.services.emails import EmailNotSent, Letter
from billing.settings import InvalidSettings, Settings
from billing.web.mailer import TemplateMailer
from tests.factories import PASSWORD, account, demo_catalog
from tests.web.visitor import post

pytestmark = pytest.mark.one_database


@pytest.fixture
def user(app: Flask) -> User:
    demo_catalog()
    return account()


def _count_sent(tmp_path: Path) -> int:
    return len(list((tmp_path / "outbox").glob("*.eml")))


def test_emails_leave_after_the_answer(client: FlaskClient, user: User, tmp_path: Path) -> None:
    answer = post(client, "/signup", email="noor@northpier.test", password=PASSWORD)
    assert _count_sent(tmp_path) == 0

    answer.close()

    assert _count_sent(tmp_path) == 1


def test_whatever_is_asked_next_minute_sends_what_is_due(
    frozen_time: time_machine.Traveller, client: FlaskClient, user: User, tmp_path: Path
) -> None:
    emails.enqueue(user, "password_changed", dedupe_key="changed:1")

    client.get("/login").close()
    assert _count_sent(tmp_path) == 0
    frozen_time.shift(timedelta(seconds=61))
    client.get("/login").close()

    assert _count_sent(tmp_path) == 1


@pytest.mark.parametrize("mail_url", ["", "mailto:mara@x.test", "outbox:", "smtp:", "http://x"])
def test_unusable_mail_url_stops_the_start(settings: Settings, mail_url: str) -> None:
    with pytest.raises(InvalidSettings, match="MAIL_URL must be"):
        create_app(settings.model_copy(update={"mail_url": mail_url}))


def test_production_keeps_links_out_of_its_console(
    app: Flask, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    production = {"environment": "production", "mail_url": "console:"}
    mailer = TemplateMailer(app, settings.model_copy(update=production))

    with pytest.raises(EmailNotSent, match="MAIL_URL is not set"):
        mailer.send(Letter("mara@northpier.test", "reset_password", {"token": "the-token"}))

    assert "the-token" not in capsys.readouterr().out
