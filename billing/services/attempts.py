"""How often somebody may try a credential: counted in the database, for all processes at once."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network

import structlog
from sqlalchemy import ColumnElement, case, delete, update
from sqlalchemy.orm import Session

from billing import clock
from billing.database import insert_into, transaction
from billing.domain.secrets import fingerprint
from billing.errors import RateLimited
from billing.messages import Message
from billing.models import CredentialAttempts
from billing.observability.timing import log_service_operation

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Limit:
    """At most so many attempts at the action in a window that opens with the first of them."""

    action: str
    attempts: int
    window: timedelta


# Nobody who means well needs thirty tries; a guesser who changes the account each time does.
LOGIN_BY_ACCOUNT = Limit("login.account", 5, timedelta(minutes=15))
LOGIN_BY_ADDRESS = Limit("login.address", 29, timedelta(minutes=15))
CODE_BY_ACCOUNT = Limit("code.account", 5, timedelta(minutes=15))
SIGN_UP_BY_ADDRESS = Limit("sign_up.address", 29, timedelta(minutes=15))
RESET_BY_ACCOUNT = Limit("reset.account", 5, timedelta(hours=1))
RESET_BY_ADDRESS = Limit("reset.address", 29, timedelta(minutes=15))


@log_service_operation
def spend(limit: Limit, subject: str) -> None:
    """Count an attempt before it is made, so that parallel guesses cannot slip through.

    Args:
        subject: what the limit is for: an e-mail address or a network address.

    Raises:
        RateLimited: the attempts of this window are used up; `retry_after_seconds` says until when.
    """
    now = clock.now()
    with transaction() as session:
        attempts, window_ends_at = _count(session, limit, subject, now)
        session.execute(
            delete(CredentialAttempts).where(
                CredentialAttempts.window_ends_at < now - timedelta(days=1)
            )
        )
    if attempts > limit.attempts:
        log.warning("credential.throttled", action=limit.action)
        seconds = int((window_ends_at - now).total_seconds()) + 1
        raise RateLimited(Message("There were too many tries."), retry_after_seconds=seconds)


@log_service_operation
def give_back(limit: Limit, subject: str) -> None:
    """Take back one attempt that turned out right."""
    with transaction() as session:
        session.execute(
            update(CredentialAttempts)
            .where(*_is(limit, subject), CredentialAttempts.attempts > 0)
            .values(attempts=CredentialAttempts.attempts - 1)
        )


@log_service_operation
def forget(limit: Limit, subject: str) -> None:
    """Forget the subject's attempts: it has proved who it is."""
    with transaction() as session:
        session.execute(delete(CredentialAttempts).where(*_is(limit, subject)))


def _count(session: Session, limit: Limit, subject: str, now: datetime) -> tuple[int, datetime]:
    row = CredentialAttempts
    is_over = row.window_ends_at <= now
    counted = insert_into(row).values(
        action=limit.action,
        subject_hash=fingerprint(subject),
        attempts=1,
        window_ends_at=now + limit.window,
        created_at=now,
    )
    return session.execute(
        counted.on_conflict_do_update(
            index_elements=[row.action, row.subject_hash],
            set_={
                "attempts": case((is_over, 1), else_=row.attempts + 1),
                "window_ends_at": case(
                    (is_over, counted.excluded.window_ends_at), else_=row.window_ends_at
                ),
            },
        ).returning(row.attempts, row.window_ends_at)
    ).one()


def _is(limit: Limit, subject: str) -> tuple[ColumnElement[bool], ...]:
    row = CredentialAttempts
    return (row.action == limit.action, row.subject_hash == fingerprint(subject))


def network_of(address: str) -> str:
    """Return what one person usually holds: an IPv4 address, or the /64 around an IPv6 one."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        return str(ip_network((parsed, 64), strict=False))
    return str(parsed)
