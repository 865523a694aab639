"""Gauges: how full and how late things are, in a few statements over all users."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, case, func, select, text
from sqlalchemy.orm import InstrumentedAttribute, Session

from billing import clock
from billing.database import db
from billing.domain.ledger import HoldState
from billing.domain.statuses import (
    SETTLED_STATES,
    EventState,
    OrderState,
)
from billing.models import (
    Email,
    Hold,
    HostWebhook,
    Order,
    SubscriptionTier,
    TierVersion,
    UserSubscription,
    WebhookEvent,
)
from billing.services import revenue, verification
from billing.services.host_webhooks import GIVE_UP_AFTER
from billing.services.verification import Verified

RETRIED_STATES = frozenset(EventState) - SETTLED_STATES - {EventState.PARKED}

# What each user's rows say beside what the hot row says, in tokens; nothing here reads a request.
DRIFT = """
    SELECT
        coalesce(sum(abs(coalesce(l.delta, 0) - b.spent_total - b.balance + b.debt)), 0),
        coalesce(sum(abs(coalesce(t.remaining, 0) - b.spent_total + b.settled_total - b.balance)),
            0),
        coalesce(sum(abs(coalesce(h.tokens, 0) + coalesce(t.frozen, 0) - b.held)), 0)
    FROM user_token_balances AS b
    LEFT JOIN (SELECT user_id, sum(delta) AS delta FROM token_transactions GROUP BY user_id) AS l
        ON l.user_id = b.user_id
    LEFT JOIN (SELECT user_id, sum(remaining) AS remaining, sum(frozen) AS frozen
               FROM token_lots GROUP BY user_id) AS t ON t.user_id = b.user_id
    LEFT JOIN (SELECT user_id, sum(tokens) AS tokens FROM holds WHERE state = 'open'
               GROUP BY user_id) AS h ON h.user_id = b.user_id
"""


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits to be sent, how long the oldest has waited, and what nobody tries any more."""

    waiting: int
    lag_seconds: int
    given_up: int


@dataclass(frozen=True, slots=True)
class Holdings:
    """The open holds, what they keep, and how many are past their time."""

    open: int
    tokens: int
    overdue: int


@dataclass(frozen=True, slots=True)
class Subscribers:
    """Subscriptions by tier and status, those in grace, and what they bring in a month."""

    by_tier: Mapping[tuple[str, str], int]
    in_grace: int
    mrr_minor: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Gauges:
    """One reading; amounts in minor units, lags in seconds."""

    events: Mapping[str, int]
    inbox_lag_seconds: int
    orders: Mapping[str, int]
    holds: Holdings
    subscribers: Subscribers
    outboxes: Mapping[str, Queue]
    verified: Verified


@dataclass(frozen=True, slots=True)
class Drift:
    """By how many tokens the books of all users differ; each is 0, or something is wrong."""

    ledger: int
    lots: int
    holds: int


def read() -> Gauges:
    """Return where things stand: one statement a table, none over a user's history."""
    session, now = db.session(), clock.now()
    events, inbox_lag_seconds = _inbox(session, now)
    is_deliverable = HostWebhook.created_at > now - GIVE_UP_AFTER
    return Gauges(
        events=events,
        inbox_lag_seconds=inbox_lag_seconds,
        orders=_orders(session),
        holds=_holds(session, now),
        subscribers=_subscribers(session, now),
        outboxes={
            "email": _queue(session, _unsent(Email, Email.sent_at), now),
            "host_webhook": _queue(
                session, _unsent(HostWebhook, HostWebhook.delivered_at).where(is_deliverable), now
            ),
        },
        verified=verification.newest(),
    )


def read_drift() -> Drift:
    """Return how far the ledger, the lots and the holds are from the balances.

    Sums up what the rows themselves keep; `flask billing verify` recomputes each from the log.
    """
    ledger, lots, holds = map(int, db.session.execute(text(DRIFT)).one())
    return Drift(ledger, lots, holds)


def _inbox(session: Session, now: datetime) -> tuple[dict[str, int], int]:
    rows = session.execute(
        select(WebhookEvent.state, func.count(), func.min(WebhookEvent.received_at)).group_by(
            WebhookEvent.state
        )
    ).all()
    counts = dict.fromkeys(map(str, EventState), 0) | {str(state): n for state, n, _ in rows}
    oldest = [received for state, _, received in rows if state in RETRIED_STATES]
    return counts, _age_seconds(min(oldest, default=None), now)


def _orders(session: Session) -> dict[str, int]:
    rows = session.execute(select(Order.state, func.count()).group_by(Order.state)).all()
    return dict.fromkeys(map(str, OrderState), 0) | {str(state): number for state, number in rows}


def _holds(session: Session, now: datetime) -> Holdings:
    is_overdue = case((Hold.expires_at <= now, 1), else_=0)
    found = session.execute(
        select(
            func.count(),
            func.coalesce(func.sum(Hold.tokens), 0),
            func.coalesce(func.sum(is_overdue), 0),
        ).where(Hold.state == HoldState.OPEN)
    ).one()
    return Holdings(*map(int, found))


def _subscribers(session: Session, now: datetime) -> Subscribers:
    is_in_grace = case((UserSubscription.grace_until > now, 1), else_=0)
    rows = session.execute(
        select(SubscriptionTier.slug, UserSubscription.status, func.count(), func.sum(is_in_grace))
        .select_from(UserSubscription)
        .join(UserSubscription.tier_version)
        .join(TierVersion.tier)
        .group_by(SubscriptionTier.slug, UserSubscription.status)
    ).all()
    return Subscribers(
        by_tier={(slug, str(status)): number for slug, status, number, _ in rows},
        in_grace=sum(int(row[-1]) for row in rows),
        mrr_minor={each.currency: each.amount_minor for each in revenue.monthly_by_currency()},
    )


def _unsent(
    outbox: type[Email | HostWebhook], sent_at: InstrumentedAttribute[datetime | None]
) -> Select[int, int, datetime | None]:
    is_waiting = outbox.next_attempt_at.is_not(None)
    return select(
        func.count(),
        func.count(outbox.next_attempt_at),
        func.min(case((is_waiting, outbox.created_at))),
    ).where(sent_at.is_(None))


def _queue(session: Session, unsent: Select[int, int, datetime | None], now: datetime) -> Queue:
    number, waiting, oldest = session.execute(unsent).one()
    return Queue(waiting, _age_seconds(oldest, now), number - waiting)


def _age_seconds(moment: datetime | None, now: datetime) -> int:
    return 0 if moment is None else max(0, int((now - moment).total_seconds()))
