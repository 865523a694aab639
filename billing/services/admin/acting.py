"""Signing in as a user: an admin sees what they see, for an hour, and can change nothing."""

from billing.database import transaction
from billing.errors import Conflict
from billing.messages import Message
from billing.models import User
from billing.observability.timing import log_service_operation
from billing.services import audit, sessions
from billing.services.audit import Actor


@log_service_operation
def start(user: User, *, reason: str, actor: Actor, user_agent: str) -> str:
    """Return the token of a session in which the admin is the user.

    Args:
        user: who is looked at.
        reason: in the admin's own words.
        actor: the admin.
        user_agent: the browser's own name for itself.

    Raises:
        Conflict: the user is out, is an admin too, or is the admin.
    """
    if not user.is_active:
        raise Conflict(Message("The account is disabled or closed."))
    if user.is_admin:
        raise Conflict(Message("Nobody signs in as an admin."))
    with transaction() as session:
        token = sessions.start(user, user_agent=user_agent, acting_admin_id=actor.user_id)
        audit.record(
            session,
            actor,
            "user.acting_started",
            subject=("user", user.id),
            after={"is_acting": True},
            reason=reason,
        )
    return token


@log_service_operation
def end(token: str, *, user: User, actor: Actor) -> None:
    """End the session.

    Args:
        token: from `start`.
        user: who was looked at.
        actor: the admin.
    """
    with transaction() as session:
        sessions.end(token)
        audit.record(
            session,
            actor,
            "user.acting_ended",
            subject=("user", user.id),
            before={"is_acting": True},
            after={"is_acting": False},
        )
