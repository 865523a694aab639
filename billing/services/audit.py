"""The audit log: who did what to whom, by hand at the admin's desk or by a program."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.database import db
from billing.models import AuditEntry, User

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who changes something, and from where: an admin in one request."""

    user_id: int
    ip_address: str
    request_id: str

    def __str__(self) -> str:
        return f"user:{self.user_id}"


Who: TypeAlias = Actor | str
"""An admin, or the name of a program: `cli`, `stripe`."""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field of the object, old to new; `before` is None where there was nothing."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One line of the log, with the address of the user who acted where it was one."""

    entry: AuditEntry
    actor_email: str | None

    @property
    def changes(self) -> list[FieldChange]:
        """What the line says was changed; fields that stayed as they were are left out."""
        before, after = self.entry.before or {}, self.entry.after or {}
        return [
            FieldChange(field, before.get(field), after.get(field))
            for field in {**before, **after}
            if before.get(field) != after.get(field)
        ]


def record(
    session: Session,
    actor: Who,
    action: str,
    *,
    subject: tuple[str, int],
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
    reason: str | None = None,
) -> None:
    """Write a line, in the transaction of the change that it tells of.

    Args:
        session: the session of the open transaction.
        actor: who, and from where if it is an admin.
        action: object and verb: `user.disabled`.
        subject: what was changed: its kind and our id, such as `("user", 7)`.
        before: the fields that the change is about, as they were.
        after: the same fields, as they are now.
        reason: in the admin's own words.
    """
    subject_type, subject_id = subject
    entry = AuditEntry(
        actor=str(actor),
        action=action,
        subject_type=subject_type,
        subject_id=subject_id,
        before=dict(before) if before is not None else None,
        after=dict(after) if after is not None else None,
        reason=reason,
    )
    if isinstance(actor, Actor):
        entry.actor_user_id = actor.user_id
        entry.ip_address, entry.request_id = actor.ip_address, actor.request_id
        log.info("admin.action", action=action, subject_type=subject_type, subject_id=subject_id)
    session.add(entry)


def list_about(subject_type: str, subject_id: int, *, limit: int) -> list[AuditLine]:
    """Return the newest lines about one object.

    Args:
        subject_type: its kind, such as `user`.
        subject_id: our id.
        limit: how many at the most.
    """
    found = (
        select(AuditEntry, User.email)
        .outerjoin(User, User.id == AuditEntry.actor_user_id)
        .where(AuditEntry.subject_type == subject_type, AuditEntry.subject_id == subject_id)
        .order_by(AuditEntry.id.desc())
        .limit(limit)
    )
    return [AuditLine(entry, email) for entry, email in db.session.execute(found)]
