"""Sessions: a browser holds a random token, the server holds its fingerprint and can forget it."""

from datetime import timedelta

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import joinedload

from billing import clock
from billing.database import db, transaction
from billing.domain.secrets import fingerprint, new_secret
from billing.models import User, UserSession

IDLE_LIFETIME = timedelta(hours=24)
LIFETIME = timedelta(days=14)
TOUCH_INTERVAL = timedelta(minutes=10)
"""How exact `last_seen_at` is: a write on every page would cost more than it tells."""
MAX_USER_AGENT_LENGTH = 200


def start(user: User, *, user_agent: str = "") -> str:
    """Log the user in and return the new session's token, which is stored nowhere.

    Args:
        user: who proved who they are.
        user_agent: the browser's own name for itself, shown in the list of sessions.
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
            )
        )
    return token


def find(token: str) -> User | None:
    """Return the user whose live session the token opens, and note that they were here.

    A session ends 24 hours after its last use, 14 days after its start, or with its user.
    """
    now = clock.now()
    found = db.session.scalar(
        select(UserSession)
        .where(
            UserSession.token_hash == fingerprint(token),
            UserSession.last_seen_at > now - IDLE_LIFETIME,
            UserSession.created_at > now - LIFETIME,
        )
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


def end(token: str) -> None:
    """Log out: the token opens nothing any more."""
    with transaction() as session:
        session.execute(delete(UserSession).where(UserSession.token_hash == fingerprint(token)))


def end_all(user: User, *, keep: str = "") -> None:
    """Log the user out everywhere, but for the session whose token is `keep`."""
    with transaction() as session:
        session.execute(
            delete(UserSession).where(
                UserSession.user_id == user.id, UserSession.token_hash != fingerprint(keep)
            )
        )
