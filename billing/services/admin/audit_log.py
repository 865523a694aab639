"""The audit log at the desk: found by who, what, whom, from where and when; never changed."""

from sqlalchemy import or_, select
from sqlalchemy.orm import contains_eager

from billing.models import AuditEntry, User
from billing.services.admin.listing import Condition, Listing
from billing.services.audit import AuditLine
from billing.services.users import id_of

SUBJECTS = ("user", "tier", "package", "feature", "webhook_event", "email", "host_webhook")


def listing() -> Listing[AuditEntry]:
    """Describe the list of all entries, with who made them."""
    return Listing(
        rows=select(AuditEntry).outerjoin(User, User.id == AuditEntry.actor_user_id),
        key=(AuditEntry.id,),
        moment=AuditEntry.created_at,
        options=(contains_eager(AuditEntry.actor_user),),
        search=_matches,
        sorts={"when": AuditEntry.id, "action": AuditEntry.action},
        choices={
            "by": {
                "admin": AuditEntry.actor_user_id.is_not(None),
                "program": AuditEntry.actor_user_id.is_(None),
            },
            "object": {
                **{each: AuditEntry.subject_type == each for each in SUBJECTS},
                "other": AuditEntry.subject_type.not_in(SUBJECTS),
            },
        },
        matches={
            "actor": _is_by,
            "action": lambda text: AuditEntry.action.startswith(text, autoescape=True),
            "object_id": lambda text: AuditEntry.subject_id == id_of(text),
            "ip": lambda text: AuditEntry.ip_address == text,
        },
    )


def line_of(entry: AuditEntry) -> AuditLine:
    """Return the entry as a line, with its changes field by field."""
    return AuditLine(entry, entry.actor_user.email if entry.actor_user else None)


def _matches(text: str) -> Condition:
    return or_(
        AuditEntry.action.startswith(text, autoescape=True),
        AuditEntry.reason.icontains(text, autoescape=True),
        AuditEntry.request_id == text,
    )


def _is_by(text: str) -> Condition:
    return or_(AuditEntry.actor == text, User.email.icontains(text, autoescape=True))
