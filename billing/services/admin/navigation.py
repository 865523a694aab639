"""What the frame of the admin's desk counts, in one statement."""

from dataclasses import dataclass

from sqlalchemy import ScalarSelect, Select, func, select

from billing.database import db
from billing.domain.statuses import EventState
from billing.models import (
    SubscriptionTier,
    TokenPackage,
    User,
    UserSubscription,
    WebhookEvent,
)

MAX_COUNTED = 100_000
NEEDS_A_PERSON = (EventState.FAILED, EventState.PARKED)


@dataclass(frozen=True, slots=True)
class DeskCounts:
    """How many there are of what the navigation lists, each counted to a bound."""

    users: int
    subscriptions: int
    tiers: int
    packages: int
    failed_events: int


def count() -> DeskCounts:
    """Count what the navigation shows beside its links; one query."""
    paid = select(UserSubscription.id).where(
        UserSubscription.stripe_subscription_id.is_not(None), UserSubscription.ended_at.is_(None)
    )
    on_sale = select(SubscriptionTier.id).where(SubscriptionTier.archived_at.is_(None))
    packages = select(TokenPackage.id).where(TokenPackage.archived_at.is_(None))
    failed = select(WebhookEvent.id).where(WebhookEvent.state.in_(NEEDS_A_PERSON))
    found = db.session.execute(
        select(
            _bounded(select(User.id)).label("users"),
            _bounded(paid).label("subscriptions"),
            _bounded(on_sale).label("tiers"),
            _bounded(packages).label("packages"),
            _bounded(failed).label("failed_events"),
        )
    ).one()
    return DeskCounts(*found)


def _bounded(rows: Select[int]) -> ScalarSelect[int]:
    return select(func.count()).select_from(rows.limit(MAX_COUNTED).subquery()).scalar_subquery()
