"""One-time links: asked for first, given a token when their e-mail is sent, used once."""

from datetime import timedelta

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import joinedload

from billing import clock
from billing.database import db, transaction
from billing.domain.secrets import fingerprint, new_secret
from billing.errors import LinkExpired
from billing.models import LinkPurpose, OneTimeLink, User
from billing.observability.timing import log_service_operation

LIFETIMES = {
    LinkPurpose.VERIFY_EMAIL: timedelta(days=3),
    LinkPurpose.RESET_PASSWORD: timedelta(minutes=60),
    LinkPurpose.CHANGE_EMAIL: timedelta(days=1),
}


@log_service_operation
def prepare(user: User, purpose: LinkPurpose, *, email: str | None = None) -> OneTimeLink:
    """Return a new link without a token; the user's older links of that purpose stop working.

    Args:
        user: whom it is for.
        purpose: what it may be used for.
        email: the address to change to.
    """
    expires_at = clock.now() + LIFETIMES[purpose]
    with transaction() as session:
        revoke(user, purpose)
        link = OneTimeLink(user_id=user.id, purpose=purpose, email=email, expires_at=expires_at)
        session.add(link)
        session.flush()
    return link


@log_service_operation
def revoke(user: User, purpose: LinkPurpose) -> None:
    """Make the user's links of that purpose stop working."""
    with transaction() as session:
        session.execute(
            update(OneTimeLink)
            .where(
                OneTimeLink.user_id == user.id,
                OneTimeLink.purpose == purpose,
                OneTimeLink.used_at.is_(None),
            )
            .values(used_at=clock.now())
        )


@log_service_operation
def issue_token(link_id: int) -> str:
    """Give the link a new token and return it; only its fingerprint is stored.

    Raises:
        LinkExpired: the link was used or replaced, or its time is over.
    """
    token = new_secret()
    with transaction() as session:
        issued = session.scalar(
            update(OneTimeLink)
            .where(OneTimeLink.id == link_id, _works())
            .values(token_hash=fingerprint(token))
            .returning(OneTimeLink.id)
        )
    if issued is None:
        raise LinkExpired("The link expired before its e-mail was sent.")
    return token


def get(token: str, purpose: LinkPurpose) -> OneTimeLink:
    """Return the link with its user, without using it.

    Raises:
        LinkExpired: no link that still works has this token.
    """
    link = db.session.scalar(
        select(OneTimeLink)
        .where(
            OneTimeLink.token_hash == fingerprint(token), OneTimeLink.purpose == purpose, _works()
        )
        .options(joinedload(OneTimeLink.user))
    )
    if link is None or not link.user.is_active:
        raise _expired()
    return link


def get_user(token: str, purpose: LinkPurpose) -> User:
    """Return whose link this is, without using it.

    Raises:
        LinkExpired: no link that still works has this token.
    """
    return get(token, purpose).user


@log_service_operation
def use(token: str, purpose: LinkPurpose) -> int:
    """Use the link up and return its id; of two tries at once one wins.

    Raises:
        LinkExpired: no link that still works has this token.
    """
    with transaction() as session:
        used: int | None = session.scalar(
            update(OneTimeLink)
            .where(
                OneTimeLink.token_hash == fingerprint(token),
                OneTimeLink.purpose == purpose,
                _works(),
            )
            .values(used_at=clock.now())
            .returning(OneTimeLink.id)
        )
        if used is None:
            raise _expired()
    return used


def _works() -> ColumnElement[bool]:
    return OneTimeLink.used_at.is_(None) & (OneTimeLink.expires_at > clock.now())


def _expired() -> LinkExpired:
    return LinkExpired("This link was used before, or is too old. Ask for a new one.")
