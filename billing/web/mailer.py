"""Sends the outbox: after the answer of a request that filled it, and once a minute for retries."""

from datetime import timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid, parseaddr
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, current_app

from billing import clock
from billing.services import emails
from billing.services.emails import EmailNotSent, Letter
from billing.settings import InvalidSettings, Settings
from billing.web import language
from billing.web.language import Reader
from billing.web.mail_transport import BadMailUrl, open_transport

RETRY_INTERVAL = timedelta(seconds=60)


class TemplateMailer:
    """Writes an e-mail from `templates/emails/KIND.txt` and `.html`, and sends it."""

    def __init__(self, app: Flask, settings: Settings) -> None:
        self._templates = app.jinja_env
        self._from = settings.mail_from
        self._transport = open_transport(settings)
        self._domain = urlsplit(settings.base_url).hostname
        self._frame = {
            "app_name": settings.app_name,
            "base_url": settings.base_url,
            "support_email": settings.support_email,
        }

    def send(self, letter: Letter) -> str:
        """Send the letter and return its subject."""
        message = self.write(letter)
        self._transport(message)
        return str(message["Subject"])

    def write(self, letter: Letter) -> EmailMessage:
        """Return the finished e-mail in the reader's language and zone: plain text, then HTML."""
        with language.speaking_to(Reader(letter.locale, letter.time_zone)):
            return self._write(letter)

    def _write(self, letter: Letter) -> EmailMessage:
        context = {
            **self._frame,
            **letter.context,
            "to_address": letter.to_address,
            "user_id": letter.user_id,
        }
        text = self._templates.get_template(f"emails/{letter.kind}.txt")
        subject = "".join(text.blocks["subject"](text.new_context(context))).strip()
        message = EmailMessage()
        try:
            message["To"] = Address(addr_spec=letter.to_address)
            message["Subject"] = subject
        except ValueError as error:
            raise EmailNotSent("the address or the subject cannot stand in a header") from error
        name, address = parseaddr(self._from)
        message["From"] = Address(name, addr_spec=address)
        message["Date"] = format_datetime(clock.now())
        message["Message-ID"] = make_msgid(domain=self._domain)
        message["Auto-Submitted"] = "auto-generated"
        plain = text.render(context)
        message.set_content(plain, cte=_encoding(plain))
        html = self._templates.get_template(f"emails/{letter.kind}.html").render(
            context | {"subject": subject}
        )
        message.add_alternative(html, subtype="html", cte=_encoding(html))
        return message


def _encoding(text: str) -> str:
    # Quoted-printable would break a link over two lines in the file that a developer opens.
    return "7bit" if text.isascii() else "quoted-printable"


class _Schedule:
    """Remembers when this process last looked for e-mails whose retry is due."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._due_at = clock.now() + RETRY_INTERVAL

    def is_due(self) -> bool:
        with self._lock:
            if clock.now() < self._due_at:
                return False
            self._due_at = clock.now() + RETRY_INTERVAL
            return True


def init_app(app: Flask) -> None:
    """Send what requests put into the outbox, when their answer has left.

    Raises:
        InvalidSettings: MAIL_URL names no way to send e-mail.
    """
    settings: Settings = app.extensions["billing_settings"]
    try:
        app.extensions["billing_mailer"] = TemplateMailer(app, settings)
    except BadMailUrl as error:
        raise InvalidSettings(f"Billhook cannot start:\n  - {error}") from None
    schedule = _Schedule()

    @app.after_request
    def _send_afterwards(response: Response) -> Response:
        if emails.was_filled() or schedule.is_due():
            response.call_on_close(_send)
        return response

    def _send() -> None:
        with app.app_context():
            deliver_pending()


def deliver_pending() -> int:
    """Send what is due with the app's mailer; return how many were sent."""
    mailer: Any = current_app.extensions["billing_mailer"]
    return emails.deliver_pending(mailer)


def read(letter: Letter) -> str:
    """Return the plain text of a letter, as it would be sent now."""
    app_mailer: TemplateMailer = current_app.extensions["billing_mailer"]
    plain = app_mailer.write(letter).get_body(("plain",))
    assert plain is not None
    return str(plain.get_content())
