"""Ways to send an e-mail, chosen by MAIL_URL: the console, a folder of files, an SMTP server."""

import smtplib
import ssl
import sys
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit
from uuid import uuid4

from billing import clock
from billing.services.emails import EmailNotSent
from billing.settings import Settings

SMTP_TIMEOUT_SECONDS = 10
LOOPBACK = {"localhost", "127.0.0.1", "::1"}


Transport = Callable[[EmailMessage], None]
"""Takes a finished e-mail; raises EmailNotSent."""


class BadMailUrl(ValueError):
    """MAIL_URL names no way to send e-mail."""


def open_transport(settings: Settings) -> Transport:
    """Return the transport for `console:`, `outbox:/folder`, `smtp://…` or `smtps://…`.

    Raises:
        BadMailUrl: MAIL_URL is none of these.
    """
    url = urlsplit(settings.mail_url)
    if url.scheme == "console":
        return withhold if settings.is_production else print_to_console
    if url.scheme == "outbox" and url.path:
        return folder(Path(url.path))
    if url.scheme in {"smtp", "smtps"} and url.hostname:
        return smtp(url)
    raise BadMailUrl("MAIL_URL must be console:, outbox:/folder, smtp://host or smtps://host")


def print_to_console(message: EmailMessage) -> None:
    """Show the plain text where the developer looks anyway."""
    body = message.get_body(("plain",))
    assert body is not None
    heading = f"To: {message['To']}\nSubject: {message['Subject']}"
    sys.stdout.write(f"--- e-mail ---\n{heading}\n\n{body.get_content()}--- end ---\n")
    sys.stdout.flush()


def withhold(_message: EmailMessage) -> None:
    """Leave the e-mail in the outbox: a working link must not end up in a server's log."""
    raise EmailNotSent("MAIL_URL is not set")


def folder(directory: Path) -> Transport:
    """Return a transport that leaves each e-mail as a file, named so that they sort by time."""

    def _write(message: EmailMessage) -> None:
        name = f"{clock.now():%Y%m%dT%H%M%S%f}-{uuid4().hex[:8]}.eml"
        try:
            directory.mkdir(parents=True, exist_ok=True)
            draft = directory / f".{name}"
            draft.write_bytes(message.as_bytes())
            draft.rename(directory / name)
        except OSError as error:
            raise EmailNotSent(type(error).__name__) from error

    return _write


def smtp(url: SplitResult) -> Transport:
    """Return a transport over SMTP; a password only travels encrypted, or on this machine."""
    connect = _connector(url)

    def _send(message: EmailMessage) -> None:
        try:
            with connect() as server:
                server.send_message(message)
        except smtplib.SMTPResponseException as error:
            raise EmailNotSent(f"{type(error).__name__} {error.smtp_code}") from error
        except (smtplib.SMTPException, OSError) as error:
            raise EmailNotSent(type(error).__name__) from error

    return _send


def _connector(url: SplitResult) -> Callable[[], smtplib.SMTP]:
    host, tls = url.hostname or "", ssl.create_default_context()

    def _connect() -> smtplib.SMTP:
        if url.scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                host, url.port or 465, timeout=SMTP_TIMEOUT_SECONDS, context=tls
            )
        else:
            server = smtplib.SMTP(host, url.port or 587, timeout=SMTP_TIMEOUT_SECONDS)
            server.ehlo()
            if server.has_extn("starttls"):
                server.starttls(context=tls)
            elif url.username and host not in LOOPBACK:
                server.close()
                raise EmailNotSent("the server offers no encryption for the password")
        if url.username:
            server.login(unquote(url.username), unquote(url.password or ""))
        return server

    return _connect
