"""Who may come in: accounts that an admin disables, enables, or writes to again."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from billing import clock
from billing.database import transaction
from billing.errors import Conflict, NothingToChange
from billing.messages import Message
from billing.models import User
from billing.observability.timing import log_service_operation
from billing.services import accounts, audit, sessions
from billing.services.audit import Actor
from billing.services.users import lock_user


@log_service_operation
def disable(users: Sequence[User], *, reason: str, actor: Actor) -> int:
    """Shut the users out at once: their sessions end and their API keys are refused.

    Args:
        users: all of them or none; who is out already is passed over.
        reason: in the admin's own words.
        actor: who does it.

    Returns:
        How many were shut out.

    Raises:
        Conflict: the admin is among them.
    """
    if any(user.id == actor.user_id for user in users):
        raise Conflict(Message("You cannot disable your own account."))
    now = clock.now()
    with transaction() as session:
        inside = [user for user in _locked(session, users) if user.disabled_at is None]
        for user in inside:
            user.disabled_at = now
            sessions.end_all(user)
            _record(session, user, "user.disabled", reason=reason, actor=actor)
    return len(inside)


@log_service_operation
def enable(users: Sequence[User], *, reason: str, actor: Actor) -> int:
    """Let the users log in again; their API keys work again too.

    Args:
        users: all of them or none; who is in already is passed over.
        reason: in the admin's own words.
        actor: who does it.

    Returns:
        How many were let in.
    """
    with transaction() as session:
        outside = [user for user in _locked(session, users) if user.disabled_at is not None]
        for user in outside:
            user.disabled_at = None
            _record(session, user, "user.enabled", reason=reason, actor=actor)
    return len(outside)


@log_service_operation
def resend_verification(users: Sequence[User], *, actor: Actor) -> int:
    """Write to the users again how to prove that their address is theirs.

    Args:
        users: who has proved it already, or is out, is passed over.
        actor: who does it.

    Returns:
        How many were written to.

    Raises:
        NothingToChange: there is nobody to write to.
    """
    unproved = [user for user in users if user.email_verified_at is None and user.is_active]
    if not unproved:
        raise NothingToChange(
            Message("The address is confirmed already, or the account is closed.")
        )
    with transaction() as session:
        for user in unproved:
            accounts.send_verification(user)
            audit.record(
                session,
                actor,
                "user.verification_resent",
                subject=("user", user.id),
                after={"kind": "verify_email"},
            )
    return len(unproved)


def _locked(session: Session, users: Sequence[User]) -> list[User]:
    return [lock_user(session, user_id) for user_id in sorted(user.id for user in users)]


def _record(session: Session, user: User, action: str, *, reason: str, actor: Actor) -> None:
    is_out = user.disabled_at is not None
    audit.record(
        session,
        actor,
        action,
        subject=("user", user.id),
        before={"is_disabled": not is_out},
        after={"is_disabled": is_out},
        reason=reason,
    )
