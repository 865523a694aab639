"""Alerts: a quota that is nearly used, tokens that run low; each mark once a period.

`marks` notes one in the transaction that reaches it; here it is turned into a webhook for the
host and an e-mail for the person. A host's user who has no log-in here gets no e-mail of ours.
"""

from dataclasses import dataclass, replace

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from billing import clock
from billing.database import db, insert_into, transaction
from billing.domain.alerts import (
    DEFAULT_PERCENT,
    DEFAULT_TOKENS,
    HOST_PERCENTS,
    QUOTA_PERCENTS,
    TOKEN_MARKS,
    AlertKind,
)
from billing.domain.moments import rfc3339
from billing.errors import InvalidInput
from billing.models import AlertSetting, UsageAlert, User
from billing.observability.timing import log_service_operation
from billing.services import emails, host_events
from billing.services.email_facts import moment_fact

log = structlog.get_logger(__name__)

BATCH_SIZE = 100
ALL_USED = 100


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What one user wants to hear of; None is nothing."""

    quota_percent: int | None = DEFAULT_PERCENT
    tokens_below: int | None = DEFAULT_TOKENS

    def wants(self, alert: UsageAlert) -> bool:
        """Return whether the user wants to hear of it; who wants warnings also hears of the end."""
        if alert.kind == AlertKind.TOKENS:
            return alert.mark == self.tokens_below
        return self.quota_percent is not None and alert.mark in {self.quota_percent, ALL_USED}


def get_thresholds(user_id: int) -> Thresholds:
    """Return what the user wants to hear of.

    Args:
        user_id: ours.
    """
    row = db.session.get(AlertSetting, user_id)
    return Thresholds() if row is None else Thresholds(row.quota_percent, row.tokens_below)


@log_service_operation
def set_thresholds(user_id: int, thresholds: Thresholds) -> None:
    """Keep what the user wants to hear of.

    Args:
        user_id: ours.
        thresholds: each is one of the marks of `domain/alerts.py`, or None.

    Raises:
        InvalidInput: there is no such mark.
    """
    percent, tokens = thresholds.quota_percent, thresholds.tokens_below
    problems = {}
    if percent is not None and percent not in QUOTA_PERCENTS:
        problems["quota_percent"] = f"Choose one of {', '.join(map(str, QUOTA_PERCENTS))}."
    if tokens is not None and tokens not in TOKEN_MARKS:
        problems["tokens_below"] = f"Choose one of {', '.join(map(str, TOKEN_MARKS))}."
    if problems:
        raise InvalidInput("There is no such mark.", errors=dict(problems))
    values = {"quota_percent": percent, "tokens_below": tokens}
    with transaction() as session:
        session.execute(
            insert_into(AlertSetting)
            .values(user_id=user_id, created_at=clock.now(), **values)
            .on_conflict_do_update(index_elements=["user_id"], set_=values)
        )


def turn_off(user_id: int, kind: AlertKind) -> None:
    """Tell the person no more of what ran low.

    Args:
        user_id: ours.
        kind: of the quota, or of the tokens.
    """
    known = get_thresholds(user_id)
    is_quota = kind == AlertKind.QUOTA
    set_thresholds(
        user_id,
        replace(known, quota_percent=None) if is_quota else replace(known, tokens_below=None),
    )


def tell_pending() -> int:
    """Tell host and person of the marks that were reached; return of how many."""
    waiting = select(UsageAlert.id).where(UsageAlert.told_at.is_(None)).limit(BATCH_SIZE)
    ids = db.session.scalars(waiting.order_by(UsageAlert.id)).all()
    return sum(_tell(alert_id) for alert_id in ids)


def _tell(alert_id: int) -> bool:
    with transaction() as session:
        alert = session.scalar(
            select(UsageAlert)
            .where(UsageAlert.id == alert_id, UsageAlert.told_at.is_(None))
            .with_for_update(skip_locked=True)
        )
        if alert is None:
            return False
        alert.told_at = clock.now()
        thresholds = get_thresholds(alert.user_id)
        if alert.kind == AlertKind.QUOTA and alert.mark in HOST_PERCENTS:
            _tell_host(alert, "quota.warning")
        elif alert.kind == AlertKind.TOKENS and alert.mark == (
            thresholds.tokens_below or DEFAULT_TOKENS
        ):
            _tell_host(alert, "tokens.low")
        if thresholds.wants(alert):
            _tell_person(session, alert)
        log.info("usage.alert", user_id=alert.user_id, kind=alert.kind, mark=alert.mark)
    return True


def _tell_host(alert: UsageAlert, event_type: str) -> None:
    name = "percent" if alert.kind == AlertKind.QUOTA else "below"
    host_events.emit(
        alert.user_id,
        event_type,
        {
            "object": "usage_alert",
            name: alert.mark,
            "quota_used": alert.quota_used,
            "quota_limit": alert.quota_limit,
            "resets_at": rfc3339(alert.period_end),
            "token_balance": alert.balance,
        },
        dedupe_key=f"alert:{alert.id}",
    )


def _tell_person(session: Session, alert: UsageAlert) -> None:
    user = session.get_one(User, alert.user_id)
    if not user.logs_in or not user.is_active:
        return
    emails.enqueue(
        user,
        "quota_warning" if alert.kind == AlertKind.QUOTA else "tokens_low",
        dedupe_key=f"alert:{alert.id}",
        context={
            "quota_used": alert.quota_used,
            "quota_limit": alert.quota_limit,
            "is_used_up": alert.mark == ALL_USED,
            "balance": alert.balance,
            "resets_at": moment_fact(alert.period_end),
        },
    )
