"""The overview: how the business stands, and how it went over a stretch of time."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, select

from billing.database import db
from billing.domain.money import Money
from billing.domain.revenue import MovementKind
from billing.domain.statuses import OrderKind, OrderState, SubscriptionStatus
from billing.models import Invoice, Order, SubscriptionTier, TierVersion, UserSubscription
from billing.services import gauges, revenue
from billing.services.gauges import Drift
from billing.services.revenue import Part, RevenueReport

OPEN = "open"


@dataclass(frozen=True, slots=True)
class PastDue:
    """What renewals that failed come to, and by how many accounts."""

    amount: Money
    accounts: int


@dataclass(frozen=True, slots=True)
class TokenSales:
    """What was paid for token packages, how many they were, and what of it went back."""

    amount: Money
    packages: int
    refunded: Money


@dataclass(frozen=True, slots=True)
class CurrencyFigures:
    """Everything in one currency."""

    revenue: RevenueReport
    past_due: PastDue
    token_sales: TokenSales

    @property
    def currency(self) -> str:
        return self.revenue.currency


@dataclass(frozen=True, slots=True)
class Overview:
    """The figures of each currency, never summed."""

    start: datetime
    end: datetime
    currencies: tuple[CurrencyFigures, ...]
    drift: Drift


def read(start: datetime, end: datetime) -> Overview:
    """Return the figures; what is past due is of this moment, the rest of the stretch.

    Args:
        start, end: aware UTC; the end itself does not belong to it.
    """
    reports = {each.currency: each for each in revenue.report(start, end)}
    past_due, sales = _past_due(), _token_sales(start, end)
    currencies = sorted({*reports, *past_due, *sales, *_sold_in()})
    return Overview(
        start,
        end,
        tuple(
            CurrencyFigures(
                revenue=reports.get(currency) or _no_revenue(currency),
                past_due=past_due.get(currency) or PastDue(Money(0, currency), 0),
                token_sales=sales.get(currency)
                or TokenSales(Money(0, currency), 0, Money(0, currency)),
            )
            for currency in currencies
        ),
        gauges.read_drift(),
    )


def _past_due() -> dict[str, PastDue]:
    """Sum the open invoices of the subscriptions whose renewal has failed."""
    owed = (
        select(
            Invoice.currency,
            func.sum(Invoice.amount_due_minor),
            func.count(Invoice.user_id.distinct()),
        )
        .join(
            UserSubscription,
            and_(
                UserSubscription.user_id == Invoice.user_id,
                UserSubscription.stripe_subscription_id == Invoice.stripe_subscription_id,
            ),
        )
        .where(UserSubscription.status == SubscriptionStatus.PAST_DUE, Invoice.status == OPEN)
        .group_by(Invoice.currency)
    )
    return {
        currency: PastDue(Money(int(due), currency), accounts)
        for currency, due, accounts in db.session.execute(owed)
    }


def _token_sales(start: datetime, end: datetime) -> dict[str, TokenSales]:
    paid = func.coalesce(Order.amount_paid_minor, Order.amount_minor)
    sold = (
        select(Order.currency, func.sum(paid), func.count(), func.sum(Order.amount_refunded_minor))
        .where(
            Order.kind == OrderKind.TOKENS,
            Order.state == OrderState.PAID,
            Order.paid_at >= start,
            Order.paid_at < end,
        )
        .group_by(Order.currency)
    )
    return {
        currency: TokenSales(Money(int(total), currency), count, Money(int(back), currency))
        for currency, total, count, back in db.session.execute(sold)
    }


def _sold_in() -> Iterator[str]:
    """Yield the currencies of what is on sale: a shop that sold nothing yet has them too."""
    on_sale = (
        select(TierVersion.currency)
        .join(SubscriptionTier)
        .where(SubscriptionTier.archived_at.is_(None))
        .distinct()
    )
    yield from db.session.scalars(on_sale)


def _no_revenue(currency: str) -> RevenueReport:
    nothing = Money(0, currency)
    parts: Mapping[MovementKind, Part] = {kind: Part(nothing, 0) for kind in MovementKind}
    return RevenueReport(nothing, parts, paying_before=0, paying=0)
