"""E-mails at the desk: what was sent to whom, what waits, what was given up; sent once more."""

from sqlalchemy import or_, select
from sqlalchemy.orm import joinedload

from billing import clock
from billing.database import db, transaction
from billing.errors import Conflict, EmailNotFound
from billing.messages import Message
from billing.models import Email, OneTimeLink
from billing.observability.timing import log_service_operation
from billing.services import audit, emails
from billing.services.admin.listing import Condition, Listing
from billing.services.audit import Actor
from billing.services.emails import Letter
from billing.services.users import id_of

HIDDEN = "…"
"""What stands for the token of a one-time link: nobody but its reader sees it."""


def listing() -> Listing[Email]:
    """Describe the list of all e-mails."""
    kinds = db.session.scalars(select(Email.kind).distinct().order_by(Email.kind)).all()
    return Listing(
        rows=select(Email),
        key=(Email.id,),
        moment=Email.created_at,
        search=_matches,
        sorts={"created": Email.id, "to": Email.to_address, "tries": Email.attempts},
        choices={
            "state": {
                "sent": Email.sent_at.is_not(None),
                "waiting": Email.sent_at.is_(None) & Email.next_attempt_at.is_not(None),
                "given_up": Email.sent_at.is_(None) & Email.next_attempt_at.is_(None),
            },
            "kind": {kind: Email.kind == kind for kind in kinds},
        },
        matches={"user": lambda text: Email.user_id == id_of(text)},
    )


def get(email_id: int) -> Email:
    """Return the e-mail with whom it was written to.

    Raises:
        EmailNotFound: there is no such e-mail.
    """
    email = db.session.scalar(
        select(Email).where(Email.id == email_id).options(joinedload(Email.user))
    )
    if email is None:
        raise EmailNotFound(Message("There is no such email."))
    return email


def letter_of(email: Email) -> Letter:
    """Return the e-mail as it would be written now, without the token of its link.

    Args:
        email: a row of the outbox.
    """
    context = {**email.context, "token": HIDDEN}
    if email.user is None:
        return Letter(email.to_address, email.kind, context)
    reader = email.user
    return Letter(
        email.to_address,
        email.kind,
        context,
        locale=reader.locale,
        time_zone=reader.time_zone,
        user_id=reader.id,
    )


@log_service_operation
def resend(email_id: int, *, actor: Actor) -> str:
    """Send an e-mail once more, to the address that the user has now.

    One with a link goes to the address that the link is for; a link that has expired stays so.

    Args:
        email_id: of an e-mail, sent or not.
        actor: who asks for it.

    Returns:
        The address.

    Raises:
        EmailNotFound: there is no such e-mail.
        Conflict: its account is closed.
    """
    with transaction() as session:
        email = get(email_id)
        if email.user is None or email.user.closed_at is not None:
            raise Conflict(Message("The account is closed: nobody is written to."))
        link = session.get(OneTimeLink, email.link_id) if email.link_id is not None else None
        address = email.to_address if link is not None else email.user.email
        emails.enqueue(
            email.user,
            email.kind,
            dedupe_key=f"again:{email.id}:{clock.now():%Y%m%dT%H%M%S%f}",
            context=email.context,
            link=link,
            to_address=address,
        )
        audit.record(
            session,
            actor,
            "email.resent",
            subject=("email", email.id),
            after={"kind": email.kind, "user_id": email.user.id},
        )
    return address


def _matches(text: str) -> Condition:
    return or_(
        Email.to_address.icontains(text, autoescape=True),
        Email.subject.icontains(text, autoescape=True),
    )
