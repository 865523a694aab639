"""The folder into which the app under test drops its e-mails."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from billing.database import db
from billing.web import mailer

LINK = re.compile(r"https?://\S+/(?:verify-email|reset-password|email/confirm)/\S+")


@dataclass(frozen=True)
class Letter:
    """One e-mail as its reader sees it."""

    message: EmailMessage

    @property
    def to(self) -> str:
        return str(self.message["To"])

    @property
    def subject(self) -> str:
        return str(self.message["Subject"])

    @property
    def text(self) -> str:
        body = self.message.get_body(("plain",))
        assert body is not None
        return str(body.get_content())

    @property
    def html(self) -> str:
        body = self.message.get_body(("html",))
        assert body is not None
        return str(body.get_content())

    @property
    def link(self) -> str:
        """The one-time link in the text."""
        found = LINK.search(self.text)
        assert found, f"no link in {self.subject!r}"
        return found[0]

    @property
    def token(self) -> str:
        return self.link.rsplit("/", 1)[-1]


@dataclass(frozen=True)
class Outbox:
    """What was sent so far, oldest first; what is due is sent before anybody looks."""

    directory: Path

    def letters(self) -> list[Letter]:
        # The test's own session may still look at the database as it was before the request.
        db.session.rollback()
        mailer.deliver_pending()
        return [self._read(path) for path in sorted(self.directory.glob("*.eml"))]

    def subjects(self) -> list[str]:
        return [letter.subject for letter in self.letters()]

    def last(self, subject: str = "") -> Letter:
        """Return the newest letter with those words in its subject."""
        found = [letter for letter in self.letters() if subject in letter.subject]
        assert found, f"no letter about {subject!r} in {self.subjects()}"
        return found[-1]

    def _read(self, path: Path) -> Letter:
        return Letter(message_from_bytes(path.read_bytes(), policy=policy.default))
