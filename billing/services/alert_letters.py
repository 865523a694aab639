"""Alert letters: when each kind of alert last went to a person."""

from datetime import datetime

from sqlalchemy import func, select

from billing.database import db
from billing.domain.alerts import AlertKind
from billing.models import Email

LETTERS = {"quota_warning": AlertKind.QUOTA, "tokens_low": AlertKind.TOKENS}


def last_sent(user_id: int) -> dict[AlertKind, datetime]:
    """Return when each kind was last sent; a kind that never was is missing.

    Args:
        user_id: ours.
    """
    sent = (
        select(Email.kind, func.max(Email.sent_at))
        .where(Email.user_id == user_id, Email.kind.in_(LETTERS), Email.sent_at.is_not(None))
        .group_by(Email.kind)
    )
    return {LETTERS[kind]: moment for kind, moment in db.session.execute(sent) if moment}
