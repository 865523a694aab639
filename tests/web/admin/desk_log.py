"""The audit log as a test reads it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from billing.database import db
from billing.models import AuditEntry


@dataclass(frozen=True)
class Logged:
    """One line that an admin has left."""

    action: str
    subject_id: int
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    reason: str | None


def by_admins() -> list[Logged]:
    """Return what admins did at the desk, oldest first; each line says from where."""
    db.session.rollback()
    entries = db.session.scalars(
        select(AuditEntry).where(AuditEntry.request_id.is_not(None)).order_by(AuditEntry.id)
    ).all()
    assert all(entry.ip_address == "127.0.0.1" and entry.actor_user_id for entry in entries)
    return [
        Logged(entry.action, entry.subject_id, entry.before, entry.after, entry.reason)
        for entry in entries
    ]
