"""Sessions: a browser holds a random token, the server holds its fingerprint and can forget it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, or_, select, update
from sqlalchemy.orm import joinedload

from billing import clock
from billing.database import db, transaction
from billing.domain.secrets import fingerprint, new_secret
from billing.errors import NotFound
from billing.messages import Message
from billing.models import User, UserSession
from billing.observability.timing import log_service_operation

IDLE_LIFETIME = timedelta(hours=24)
LIFETIME = timedelta(days=14)
TOUCH_INTERVAL = timedelta(minutes=10)
"""How exact `last_seen_at` is: a write on every page would cost more than it tells."""
ACTING_LIFETIME = timedelta(hours=1)
CONFIRMATION_LIFETIME = timedelta(minutes=15)
"""How long the password that was typed last stands for an admin who moves money."""
MAX_USER_AGENT_LENGTH = 200


@dataclass(frozen=True, slots=True)
class OpenSession:
    """One logged-in browser, as its owner sees it."""

    id: int
    user_agent: str
    started_at: datetime
    last_seen_at: datetime
    is_current: bool


@log_service_operation
def start(
    user: User,
    *,
    user_agent: str = "",
    gave_second_factor: bool = False,
    acting_admin_id: int | None = None,
) -> str:
    """Log the user in and return the new session's token, which is stored nowhere.

    Args:
        user: who proved who they are.
        user_agent: the browser's own name for itself, shown in the list of sessions.
        gave_second_factor: whether a code was given as well.
        acting_admin_id: the admin who looks at the account as its user; such a session has not
            seen the user's password, and lasts an hour.
    """
    token, now = new_secret(), clock.now()
    with transaction() as session:
        session.execute(
            delete(UserSession).where(
                UserSession.user_id == user.id,
                or_(
                    UserSession.last_seen_at <= now - IDLE_LIFETIME,
                    UserSession.created_at <= now - LIFETIME,
                ),
            )
        )
        session.add(
            UserSession(
                user_id=user.id,
                token_hash=fingerprint(token),
                user_agent=user_agent.replace("\0", "")[:MAX_USER_AGENT_LENGTH],
                confirmed_at=now if acting_admin_id is None else None,
                second_factor_at=now if gave_second_factor else None,
                acting_admin_id=acting_admin_id,
            )
        )
    return token


@log_service_operation
def find(token: str) -> User | None:
    """Return the user whose live session the token opens, and note that they were here.

    A session ends 24 hours after its last use, 14 days after its start, or with its user; one in
    which an admin looks at the account, an hour after its start.
    """
    now = clock.now()
    found = db.session.scalar(
        select(UserSession)
        .where(UserSession.token_hash == fingerprint(token), *_lives(now))
        .options(joinedload(UserSession.user))
    )
    if found is None or not found.user.is_active:
        return None
    if found.last_seen_at <= now - TOUCH_INTERVAL:
        with transaction() as session:
            session.execute(
                update(UserSession).where(UserSession.id == found.id).values(last_seen_at=now)
            )
    return found.user


def find_acting_admin(token: str) -> User | None:
    """Return the admin who looks at the account in this session, None when it is over.

    Args:
        token: of a session that an admin started.
    """
    found = db.session.scalar(
        select(UserSession)
        .where(UserSession.token_hash == fingerprint(token), *_lives(clock.now()))
        .options(joinedload(UserSession.acting_admin))
    )
    admin = found.acting_admin if found else None
    return admin if admin is not None and admin.is_admin and admin.is_active else None


def is_confirmed(token: str) -> bool:
    """Return whether the password was typed in this session within the last 15 minutes.

    Args:
        token: of the session.
    """
    recent = UserSession.confirmed_at > clock.now() - CONFIRMATION_LIFETIME
    mine = UserSession.token_hash == fingerprint(token)
    return db.session.scalar(select(UserSession.id).where(mine, recent)) is not None


@log_service_operation
def confirm(token: str) -> None:
    """Note that the password was typed in this session just now.

    Args:
        token: of the session.
    """
    with transaction() as session:
        session.execute(
            update(UserSession)
            .where(UserSession.token_hash == fingerprint(token))
            .values(confirmed_at=clock.now())
        )


def list_for(user: User, *, token: str) -> Sequence[OpenSession]:
    """Return where the user is logged in, the last used first.

    Args:
        user: whose.
        token: of the session that asks.
    """
    rows = db.session.scalars(
        select(UserSession)
        .where(UserSession.user_id == user.id, *_lives(clock.now()))
        .order_by(UserSession.last_seen_at.desc(), UserSession.id.desc())
    )
    current = fingerprint(token)
    return [
        OpenSession(
            id=row.id,
            user_agent=row.user_agent,
            started_at=row.created_at,
            last_seen_at=row.last_seen_at,
            is_current=row.token_hash == current,
        )
        for row in rows
    ]


@log_service_operation
def end_one(user: User, session_id: int) -> None:
    """Log one browser of the user out.

    Raises:
        NotFound: the user has no such session; it may have ended meanwhile.
    """
    with transaction() as session:
        ended = session.scalar(
            delete(UserSession)
            .where(UserSession.id == session_id, UserSession.user_id == user.id)
            .returning(UserSession.id)
        )
        if ended is None:
            raise NotFound(Message("You are not logged in there any more."))


def gave_second_factor(token: str) -> bool:
    """Return whether a second factor was given in this session.

    Args:
        token: of the session.
    """
    mine = UserSession.token_hash == fingerprint(token)
    given = UserSession.second_factor_at.is_not(None)
    return db.session.scalar(select(UserSession.id).where(mine, given)) is not None


@log_service_operation
def end(token: str) -> None:
    """Log out: the token opens nothing any more."""
    with transaction() as session:
        session.execute(delete(UserSession).where(UserSession.token_hash == fingerprint(token)))


@log_service_operation
def end_all(user: User, *, keep: str = "") -> None:
    """Log the user out everywhere, but for the session whose token is `keep`."""
    with transaction() as session:
        session.execute(
            delete(UserSession).where(
                UserSession.user_id == user.id, UserSession.token_hash != fingerprint(keep)
            )
        )


def _lives(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        UserSession.last_seen_at > now - IDLE_LIFETIME,
        UserSession.created_at > now - LIFETIME,
        or_(UserSession.acting_admin_id.is_(None), UserSession.created_at > now - ACTING_LIFETIME),
    )
