"""E-mails: written to the outbox with the change that they tell of, sent after its commit.

The words, and the token of a one-time link, are made at sending: the database never holds a link
that works. A send that fails stays in the outbox and is tried again, later each time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from sqlalchemy import select, update

from billing import clock
from billing.database import db, insert_into, session_at_hand, transaction
from billing.errors import LinkExpired, Member
from billing.models import Email, OneTimeLink, User
from billing.observability.timing import log_service_operation
from billing.services import links

log = structlog.get_logger(__name__)

RETRY_DELAYS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240, 720, 1440))
BATCH_SIZE = 50
IN_OUTBOX = "emails_in_outbox"


class EmailNotSent(Exception):
    """The mail server could not be reached, or refused the e-mail; the text has no address."""


@dataclass(frozen=True)
class Letter:
    """What a mailer needs to write one e-mail."""

    to_address: str
    kind: str
    context: Mapping[str, Member]
    locale: str | None = None
    time_zone: str = "UTC"
    user_id: int | None = None


class Mailer(Protocol):
    """Writes and sends; what reaches the network is always an argument."""

    def send(self, letter: Letter) -> str:
        """Send the e-mail and return its subject; raises EmailNotSent."""


@log_service_operation
def enqueue(
    user: User,
    kind: str,
    *,
    dedupe_key: str,
    context: Mapping[str, Member] | None = None,
    link: OneTimeLink | None = None,
    to_address: str | None = None,
) -> None:
    """Put an e-mail into the outbox, in the transaction of the change that it tells of.

    Args:
        user: who gets it, at the address of this moment unless `to_address` is another one.
        kind: the template's name in `templates/emails/`.
        dedupe_key: a sentence such as `receipt:order:81`; the second e-mail with it is dropped.
        context: facts for the template; nothing secret, for they are stored.
        link: a one-time link, whose token the template gets as `token`.
        to_address: an address that the user is coming to, or leaving.
    """
    with transaction() as session:
        session.execute(
            insert_into(Email)
            .values(
                user_id=user.id,
                link_id=link.id if link else None,
                kind=kind,
                dedupe_key=dedupe_key,
                to_address=to_address or user.email,
                context=dict(context or {}),
                attempts=0,
                next_attempt_at=clock.now(),
                created_at=clock.now(),
            )
            .on_conflict_do_nothing(index_elements=[Email.dedupe_key])
        )
        session.info[IN_OUTBOX] = True


def was_filled() -> bool:
    """Return whether an e-mail was enqueued in this context since the last time it was asked."""
    session = session_at_hand()
    return session is not None and bool(session.info.pop(IN_OUTBOX, False))


def deliver_pending(mailer: Mailer) -> int:
    """Send what is due, each e-mail claimed first so that two processes never send it twice.

    Returns:
        How many were sent. A failure is logged and tried again later.
    """
    due = db.session.scalars(
        select(Email.id)
        .where(Email.sent_at.is_(None), Email.next_attempt_at <= clock.now())
        .order_by(Email.next_attempt_at)
        .limit(BATCH_SIZE)
    ).all()
    return sum(_deliver(email_id, mailer) for email_id in due)


def _deliver(email_id: int, mailer: Mailer) -> bool:
    letter = _claim(email_id)
    if letter is None:
        return False
    try:
        subject = mailer.send(letter)
    except EmailNotSent as error:
        log.warning("email.not_sent", email_id=email_id, kind=letter.kind, error=str(error))
        _note(email_id, last_error=str(error))
        return False
    _note(email_id, sent_at=clock.now(), subject=subject, last_error=None)
    _forget_last_address(email_id)
    log.info("email.sent", email_id=email_id, kind=letter.kind)
    return True


def _claim(email_id: int) -> Letter | None:
    """Take the e-mail for this attempt; None when another process has it, or it came too late."""
    now = clock.now()
    with transaction() as session:
        email = session.scalar(
            select(Email)
            .where(Email.id == email_id, Email.sent_at.is_(None), Email.next_attempt_at <= now)
            .with_for_update(skip_locked=True)
        )
        if email is None:
            return None
        email.next_attempt_at = _next_attempt(email.attempts, now)
        email.attempts += 1
        context = dict(email.context)
        try:
            if email.link_id is not None:
                context["token"] = links.issue_token(email.link_id)
        except LinkExpired:
            email.next_attempt_at, email.last_error = None, "the link expired"
            return None
        reader = session.get(User, email.user_id) if email.user_id is not None else None
        if reader is None:
            return Letter(email.to_address, email.kind, context)
        return Letter(
            email.to_address, email.kind, context, reader.locale, reader.time_zone, reader.id
        )


def _forget_last_address(email_id: int) -> None:
    """Drop the address of who closed their account: this was the letter that says so."""
    owner = select(User).join(Email, Email.user_id == User.id).where(Email.id == email_id)
    user = db.session.scalar(owner)
    if user is not None and user.closed_at is not None:
        _note(email_id, to_address=user.email)


def _next_attempt(attempts: int, now: datetime) -> datetime | None:
    return now + RETRY_DELAYS[attempts] if attempts < len(RETRY_DELAYS) else None


def _note(email_id: int, **values: object) -> None:
    with transaction() as session:
        session.execute(update(Email).where(Email.id == email_id).values(**values))
