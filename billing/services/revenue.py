"""Revenue: the monthly recurring one, and the log of how it changed.

A subscription counts at list price while it is active or past due; a yearly price counts as a
twelfth. Trials, discounts, tax and token packages do not count. Currencies are never summed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import structlog
from sqlalchemy import Row, case, func, select
from sqlalchemy.orm import Session

from billing.database import db, transaction
from billing.domain.money import Money
from billing.domain.revenue import MovementKind, kind_of_movement
from billing.models import RevenueMovement, UserSubscription
from billing.observability.timing import log_service_operation

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Part:
    """What the movements of one kind come to, and how many they were."""

    amount: Money
    movements: int


@dataclass(frozen=True, slots=True)
class RevenueReport:
    """The recurring revenue of one currency over a stretch of time."""

    opening: Money
    parts: Mapping[MovementKind, Part]
    paying_before: int
    paying: int

    @property
    def currency(self) -> str:
        return self.opening.currency

    @property
    def change(self) -> Money:
        return Money(sum(part.amount.amount_minor for part in self.parts.values()), self.currency)

    @property
    def monthly(self) -> Money:
        """The monthly recurring revenue at the end."""
        return self.opening + self.change

    @property
    def lost_accounts(self) -> int:
        return self.parts[MovementKind.CHURN].movements

    @property
    def churn(self) -> Decimal | None:
        """The share of the accounts that paid at the start and were lost; None where none paid."""
        return Decimal(self.lost_accounts) / self.paying_before if self.paying_before else None

    @property
    def per_account(self) -> Money | None:
        """The monthly recurring revenue by paying account, halves rounded up; None without one."""
        if not self.paying:
            return None
        twice = 2 * self.monthly.amount_minor + self.paying
        return Money(twice // (2 * self.paying), self.currency)


@log_service_operation
def follow(row: UserSubscription) -> None:
    """Log what the subscription brings a month where that has changed; joins the transaction.

    Args:
        row: as it is now; its user is locked.
    """
    with transaction() as session:
        now = row.monthly_revenue
        known = _known(session, row.user_id)
        for currency in sorted({*known, now.currency}):
            before = known.get(currency, 0)
            after = now.amount_minor if currency == now.currency else 0
            if before == after:
                continue
            kind = kind_of_movement(before, after, has_paid=currency in known)
            session.add(
                RevenueMovement(
                    user_id=row.user_id,
                    kind=kind,
                    currency=currency,
                    delta_minor=after - before,
                    monthly_minor=after,
                    tier_version_id=row.tier_version_id,
                )
            )
            log.info("revenue.moved", user_id=row.user_id, kind=kind, delta_minor=after - before)


def monthly_by_currency() -> list[Money]:
    """Return the monthly recurring revenue of this moment, an amount a currency; one statement."""
    totals = (
        select(RevenueMovement.currency, func.sum(RevenueMovement.delta_minor))
        .group_by(RevenueMovement.currency)
        .order_by(RevenueMovement.currency)
    )
    return [Money(int(total), currency) for currency, total in db.session.execute(totals)]


def report(start: datetime, end: datetime) -> list[RevenueReport]:
    """Return how the recurring revenue went, a report a currency; one statement.

    Args:
        start, end: aware UTC; the end itself does not belong to it.
    """
    movement = RevenueMovement
    is_before = case((movement.occurred_at < start, 1), else_=0).label("is_before")
    sums = (
        select(
            movement.currency,
            movement.kind,
            is_before,
            func.sum(movement.delta_minor).label("delta_minor"),
            func.count().label("movements"),
        )
        .where(movement.occurred_at < end)
        .group_by(movement.currency, movement.kind, is_before)
    )
    rows = db.session.execute(sums).all()
    return [
        _report([row for row in rows if row.currency == currency], currency)
        for currency in sorted({row.currency for row in rows})
    ]


def _known(session: Session, user_id: int) -> dict[str, int]:
    """Return what the log says that the user pays a month, by currency."""
    movements = (
        select(RevenueMovement.currency, RevenueMovement.monthly_minor)
        .where(RevenueMovement.user_id == user_id)
        .order_by(RevenueMovement.id)
    )
    return {row.currency: row.monthly_minor for row in session.execute(movements)}


def _report(rows: Sequence[Row[Any]], currency: str) -> RevenueReport:
    before = [row for row in rows if row.is_before]
    within = {row.kind: row for row in rows if not row.is_before}
    paying_before = _accounts(before)
    return RevenueReport(
        opening=Money(sum(int(row.delta_minor) for row in before), currency),
        parts={
            kind: Part(
                Money(int(within[kind].delta_minor) if kind in within else 0, currency),
                within[kind].movements if kind in within else 0,
            )
            for kind in MovementKind
        },
        paying_before=paying_before,
        paying=paying_before + _accounts(list(within.values())),
    )


def _accounts(rows: Sequence[Row[Any]]) -> int:
    """Return by how many accounts these movements raised the number of those that pay."""
    signs = {MovementKind.NEW: 1, MovementKind.REACTIVATION: 1, MovementKind.CHURN: -1}
    return sum(signs.get(row.kind, 0) * row.movements for row in rows)
