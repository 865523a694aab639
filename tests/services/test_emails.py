"""The outbox: written with the change, sent after it, tried again when it fails."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from email import message_from_bytes, policy

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from billing.database import db, transaction
from billing.errors import Member
from billing.models import Email, LinkPurpose, OneTimeLink, User
from billing.services import emails, links
from billing.services.emails import EmailNotSent, Letter
from billing.settings import Settings
from billing.web.mailer import TemplateMailer
from tests.factories import account, demo_catalog
from tests.outbox import Outbox
from tests.smtp_server import MailServer, mail_server

pytestmark = pytest.mark.one_database

KINDS = ["account_exists", "password_changed", "reset_password", "verify_email", "welcome"]


class Postbox:
    """A mailer that keeps letters, or cannot be reached."""

    def __init__(self, *, is_away: bool = False) -> None:
        self.is_away = is_away
        self.letters: list[Letter] = []

    def send(self, letter: Letter) -> str:
        if self.is_away:
            raise EmailNotSent("ConnectionRefusedError")
        self.letters.append(letter)
        return "A subject"


@pytest.fixture
def user(app: Flask) -> User:
    demo_catalog()
    return account("mara@northpier.test")


def _row() -> Email:
    db.session.rollback()
    return db.session.scalars(select(Email)).one()


def test_email_leaves_once(user: User) -> None:
    postbox = Postbox()
    emails.enqueue(user, "welcome", dedupe_key="welcome:1", context={"plan": "Free"})

    sent = [emails.deliver_pending(postbox) for _ in range(2)]

    assert sent == [1, 0]
    expected = Letter("mara@northpier.test", "welcome", {"plan": "Free"}, user_id=user.id)
    assert postbox.letters == [expected]
    assert _row().sent_at is not None
    assert _row().subject == "A subject"


def test_same_key_is_one_email(user: User) -> None:
    for _ in range(2):
        emails.enqueue(user, "welcome", dedupe_key="welcome:1")

    assert emails.deliver_pending(Postbox()) == 1


def test_change_that_rolls_back_sends_nothing(user: User) -> None:
    def _change() -> None:
        with transaction():
            emails.enqueue(user, "welcome", dedupe_key="welcome:1")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        _change()

    assert emails.deliver_pending(Postbox()) == 0


def test_failed_send_stays_and_is_tried_again(
    user: User, frozen_time: time_machine.Traveller
) -> None:
    postbox = Postbox(is_away=True)
    emails.enqueue(user, "welcome", dedupe_key="welcome:1")

    assert emails.deliver_pending(postbox) == 0
    assert (_row().attempts, _row().last_error) == (1, "ConnectionRefusedError")
    postbox.is_away = False
    assert emails.deliver_pending(postbox) == 0
    frozen_time.shift(timedelta(minutes=1))
    assert emails.deliver_pending(postbox) == 1
    assert (_row().attempts, _row().last_error) == (2, None)


def test_retries_end_and_the_email_stays(user: User, frozen_time: time_machine.Traveller) -> None:
    postbox = Postbox(is_away=True)
    emails.enqueue(user, "welcome", dedupe_key="welcome:1")

    for _ in range(20):
        emails.deliver_pending(postbox)
        frozen_time.shift(timedelta(days=2))

    assert (_row().attempts, _row().next_attempt_at, _row().sent_at) == (8, None, None)


def test_parallel_deliveries_send_each_email_once(app: Flask, user: User) -> None:
    postbox = Postbox()
    for number in range(10):
        emails.enqueue(user, "welcome", dedupe_key=f"welcome:{number}")

    def _deliver(_number: int) -> int:
        with app.app_context():
            return emails.deliver_pending(postbox)

    with ThreadPoolExecutor(4) as pool:
        sent = sum(pool.map(_deliver, range(4)))

    assert sent == 10
    assert len(postbox.letters) == 10


def test_links_token_is_made_at_sending_and_stored_nowhere(user: User) -> None:
    postbox = Postbox()
    with transaction():
        link = links.prepare(user, LinkPurpose.RESET_PASSWORD)
        emails.enqueue(user, "reset_password", dedupe_key="reset:1", link=link)

    emails.deliver_pending(postbox)

    token = str(postbox.letters[0].context["token"])
    assert len(token) == 43
    assert links.get_user(token, LinkPurpose.RESET_PASSWORD) == user
    stored = db.session.scalars(select(OneTimeLink.token_hash)).one()
    assert token not in (stored or "")
    assert "token" not in _row().context


def test_email_whose_link_died_is_not_sent(user: User, frozen_time: time_machine.Traveller) -> None:
    postbox = Postbox()
    with transaction():
        link = links.prepare(user, LinkPurpose.RESET_PASSWORD)
        emails.enqueue(user, "reset_password", dedupe_key="reset:1", link=link)

    frozen_time.shift(timedelta(minutes=61))

    assert emails.deliver_pending(postbox) == 0
    assert postbox.letters == []
    assert (_row().next_attempt_at, _row().last_error) == (None, "the link expired")


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_reads_well_in_both_parts(app: Flask, kind: str) -> None:
    context: Mapping[str, Member] = {"token": "the-token"}
    message = _mailer(app).write(Letter("mara@northpier.test", kind, context))

    plain, html = (message.get_body((part,)) for part in ("plain", "html"))
    assert plain is not None
    assert html is not None
    settings: Settings = app.extensions["billing_settings"]
    assert settings.base_url in plain.get_content()
    assert settings.support_email in html.get_content()
    assert "{" not in plain.get_content() + html.get_content()
    assert message["From"] == settings.mail_from
    assert "Billhook" in message["Subject"]


def test_what_a_person_wrote_is_escaped_in_html_only(app: Flask) -> None:
    letter = Letter("o'neil&sons@northpier.test", "password_changed", {})
    message = _mailer(app).write(letter)

    plain, html = (message.get_body((part,)) for part in ("plain", "html"))
    assert plain is not None
    assert html is not None
    assert "o'neil&sons@northpier.test" in plain.get_content()
    assert "o&#39;neil&amp;sons@northpier.test" in html.get_content()


@pytest.mark.parametrize(
    "address",
    ["mara@northpier.test\r\nBcc: eve@evil.test", "mara@northpier.test, eve@evil.test", "mara"],
)
def test_header_injection_never_reaches_a_header(app: Flask, address: str) -> None:
    with pytest.raises(EmailNotSent):
        _mailer(app).write(Letter(address, "welcome", {"token": "t"}))


def test_outbox_folder_holds_finished_emails(user: User, outbox: Outbox) -> None:
    emails.enqueue(user, "password_changed", dedupe_key="changed:1")

    letter = outbox.last()

    assert letter.to == "mara@northpier.test"
    assert letter.subject == "Your Billhook password was changed"


def test_console_shows_the_plain_text(app: Flask, capsys: pytest.CaptureFixture[str]) -> None:
    mailer = TemplateMailer(app, _with_mail_url(app, "console:"))

    mailer.send(Letter("mara@northpier.test", "reset_password", {"token": "the-token"}))

    shown = capsys.readouterr().out
    assert "To: mara@northpier.test" in shown
    assert "/reset-password/the-token" in shown


def test_smtp_server_gets_the_email(app: Flask) -> None:
    with mail_server() as server:
        _send_by(app, server)

    received = message_from_bytes(server.messages[0], policy=policy.default)
    assert received["To"] == "mara@northpier.test"
    assert "rcpt TO:<mara@northpier.test>" in server.commands


def test_smtp_password_may_hold_any_character(app: Flask) -> None:
    with mail_server() as server:
        _send_by(app, server, credentials="billing:p%40ss%2Fword@")

    # AUTH PLAIN is base64 of NUL, name, NUL, password.
    assert "AUTH PLAIN AGJpbGxpbmcAcEBzcy93b3Jk" in server.commands


def test_smtp_refusal_is_told_without_the_address(app: Flask) -> None:
    with mail_server() as server:
        server.refuses = True
        with pytest.raises(EmailNotSent) as refusal:
            _send_by(app, server)

    assert "northpier" not in str(refusal.value)


def test_smtp_server_that_is_away_is_told(app: Flask) -> None:
    with mail_server() as server:
        pass

    with pytest.raises(EmailNotSent, match="ConnectionRefusedError"):
        _send_by(app, server)


def _mailer(app: Flask) -> TemplateMailer:
    mailer: TemplateMailer = app.extensions["billing_mailer"]
    return mailer


def _send_by(app: Flask, server: MailServer, credentials: str = "") -> None:
    url = server.url.replace("//", f"//{credentials}")
    mailer = TemplateMailer(app, _with_mail_url(app, url))
    mailer.send(Letter("mara@northpier.test", "welcome", {"token": "the-token"}))


def _with_mail_url(app: Flask, mail_url: str) -> Settings:
    settings: Settings = app.extensions["billing_settings"]
    return settings.model_copy(update={"mail_url": mail_url})
