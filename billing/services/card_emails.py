"""E-mails about cards that expire: once for each card, a month before a renewal would fail."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select, tuple_
from sqlalchemy.orm import joinedload

from billing import clock
from billing.database import db, transaction
from billing.domain.cards import WARNED_BEFORE, end_of_card
from billing.domain.periods import add_months
from billing.models import Email, UserSubscription
from billing.observability.timing import log_service_operation
from billing.services import emails
from billing.services.email_facts import moment_fact


@log_service_operation
def announce_expiring() -> int:
    """Tell whoever pays with a card that expires within 30 days, once for each card.

    Who has cancelled is not charged again and hears nothing.

    Returns:
        How many were told.
    """
    expiring = list(_months_ending_soon(clock.now()))
    rows = [row for row in _list_paying(expiring) if row.ends_at is None]
    keys = {row.id: f"card_expires:{row.user_id}:{_card_of(row)}" for row in rows}
    known = select(Email.dedupe_key).where(Email.dedupe_key.in_(keys.values()))
    told = set(db.session.scalars(known))
    untold = [row for row in rows if keys[row.id] not in told]
    with transaction():
        for row in untold:
            _enqueue(row, key=keys[row.id])
    return len(untold)


def _months_ending_soon(now: datetime) -> Iterator[tuple[int, int]]:
    """Yield the year and month of each card that is still good, and not for long."""
    for ahead in range(2):
        month = add_months(now, ahead)
        if end_of_card(month.year, month.month) - now <= WARNED_BEFORE:
            yield month.year, month.month


def _list_paying(expiring: Sequence[tuple[int, int]]) -> Sequence[UserSubscription]:
    card = tuple_(UserSubscription.card_exp_year, UserSubscription.card_exp_month)
    paying = select(UserSubscription).where(
        card.in_(expiring),
        UserSubscription.stripe_subscription_id.is_not(None),
        UserSubscription.ended_at.is_(None),
    )
    return db.session.scalars(paying.options(joinedload(UserSubscription.user))).all()


def _card_of(row: UserSubscription) -> str:
    return f"{row.card_last4}:{row.card_exp_year}-{row.card_exp_month:02d}"


def _last_day(row: UserSubscription) -> datetime:
    # Noon, so that it is the same day in most zones: a card knows of none.
    return end_of_card(row.card_exp_year or 0, row.card_exp_month or 0) - timedelta(hours=12)


def _enqueue(row: UserSubscription, *, key: str) -> None:
    context = {
        "tier": row.tier.name,
        "card": row.card_last4,
        "last_day": moment_fact(_last_day(row)),
        "renews_at": moment_fact(row.current_period_end),
    }
    emails.enqueue(row.user, "card_expires", dedupe_key=key, context=context)
