"""Portal links: the host asks for one, its user follows it within ten minutes, once."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select, update

from billing import clock
from billing.database import db, insert_into, transaction
from billing.domain.secrets import new_secret
from billing.errors import LinkExpired
from billing.messages import Message
from billing.models import PortalLink, User
from billing.observability.timing import log_service_operation

log = structlog.get_logger(__name__)

LIFETIME = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class NewLink:
    """What the address is made from; whoever signs it must keep it from logs."""

    nonce: str
    expires_at: datetime
    is_replay: bool = False


@log_service_operation
def create(user_id: int, *, actor: str, idempotency_key: str | None = None) -> NewLink:
    """Make a link that logs the user in.

    Args:
        user_id: ours.
        actor: who asks, for the log: `key:7`.
        idempotency_key: the same key again returns the same link, used or not.
    """
    nonce, expires_at = new_secret(), clock.now() + LIFETIME
    with transaction() as session:
        made = session.scalar(
            insert_into(PortalLink)
            .values(
                user_id=user_id,
                nonce=nonce,
                idempotency_key=idempotency_key,
                expires_at=expires_at,
                created_at=clock.now(),
            )
            .on_conflict_do_nothing()
            .returning(PortalLink.id)
        )
        if made is None:
            known = session.scalars(
                select(PortalLink).where(
                    PortalLink.user_id == user_id, PortalLink.idempotency_key == idempotency_key
                )
            ).one()
            return NewLink(known.nonce, known.expires_at, is_replay=True)
    log.info("portal_link.created", user_id=user_id, actor=actor)
    return NewLink(nonce, expires_at)


@log_service_operation
def use(nonce: str) -> User:
    """Use the link up and return its user; of two tries at once one wins.

    Args:
        nonce: from an address whose signature was checked.

    Raises:
        LinkExpired: it was used before, is older than ten minutes, or its user is out.
    """
    now = clock.now()
    with transaction() as session:
        user_id = session.scalar(
            update(PortalLink)
            .where(
                PortalLink.nonce == nonce,
                PortalLink.used_at.is_(None),
                PortalLink.expires_at > now,
            )
            .values(used_at=now)
            .returning(PortalLink.user_id)
        )
    user = db.session.get(User, user_id) if user_id is not None else None
    if user is None or not user.is_active:
        raise LinkExpired(
            Message("This link was used before, or is too old. Go back and try again.")
        )
    log.info("portal_link.used", user_id=user.id)
    return user
