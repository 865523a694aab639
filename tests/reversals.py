"""Payments that go back: what a test of refunds and disputes starts from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sqlalchemy import select

from billing.database import db, transaction
from billing.domain.ledger import LotSource
from billing.domain.money import Money
from billing.domain.statuses import OrderKind, OrderState
from billing.gateway import StripeCharge, StripeDispute, StripeRefund
from billing.models import Order, TokenLot, TokenPackage, User
from billing.services import checkout, ledger, metering, tickets, usage, verification
from billing.services.disputes import DisputeReading
from billing.services.payments import PaymentReading
from billing.services.refunds import RefundsReading
from tests.shop import Shop

MADE_AT = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)


def buy(shop: Shop, user: User, package: str = "tokens-2000") -> Order:
    """Let the user buy the package; the order is fulfilled."""
    session_id = shop.choose_package(user, package)
    shop.pay(session_id)
    return checkout.confirm(user, session_id, gateway=shop.gateway)


def charge_of(shop: Shop, order: Order) -> str:
    """Return Stripe's id of the charge that paid the order."""
    db.session.refresh(order)
    found = shop.dashboard.v1.charges.list({"payment_intent": order.stripe_payment_intent_id or ""})
    return found.data[0].id


def refund(shop: Shop, order: Order, amount_minor: int | None = None) -> str:
    """Give money back in Stripe's dashboard; all that is left unless an amount is named."""
    if amount_minor is None:
        made = shop.dashboard.v1.refunds.create({"charge": charge_of(shop, order)})
    else:
        made = shop.dashboard.v1.refunds.create(
            {"charge": charge_of(shop, order), "amount": amount_minor}
        )
    return made.id


def spend(user: User, tokens: int) -> None:
    """Spend tokens of the user, whose quota is used up."""
    metering.record(user, "ai_chat", tokens)


def use_up_quota(user: User) -> None:
    quota = usage.summary(user).quota
    if quota.remaining:
        metering.record(user, "ai_chat", quota.remaining)


def tokens_of(user: User) -> tuple[int, int, int]:
    """Return the user's balance, debt and frozen tokens; the books must agree."""
    db.session.rollback()  # and so read anew
    assert [str(breach) for breach in verification.breaches()] == []
    tokens = usage.summary(user).tokens
    return tokens.balance, tokens.debt, tokens.frozen


def lines_of(user: User, *kinds: str) -> list[tuple[str, int]]:
    """Return the kind and the delta of the user's ledger lines of these kinds, oldest first."""
    page = usage.list_transactions(user.id, limit=100)
    return [(line.kind, line.delta) for line in reversed(page.lines) if line.kind in kinds]


def taken_from(order: Order) -> int:
    """Return how many tokens of the order were taken back, from its lots or as a debt."""
    db.session.rollback()  # and so read anew
    lots = db.session.scalars(select(TokenLot).where(TokenLot.order_id == order.id))
    return sum(lot.clawed_back + lot.owed for lot in lots)


@dataclass(frozen=True)
class Payment:
    """A paid order of tokens and what Stripe says of its charge, without any Stripe."""

    order: Order
    charge: StripeCharge
    dispute_id: str = "du_1"

    def refund(self, number: int, amount_minor: int, status: str = "succeeded") -> StripeRefund:
        money = Money(amount_minor, self.order.currency)
        return StripeRefund(f"re_{number}", self.charge.id, money, status, None, MADE_AT)

    def reading(self, refunds: Iterable[StripeRefund]) -> RefundsReading:
        return RefundsReading(self._payment(), tuple(refunds))

    def dispute(self, status: str, *, is_withdrawn: bool = False) -> DisputeReading:
        dispute = StripeDispute(
            id=self.dispute_id,
            charge_id=self.charge.id,
            amount=self.charge.amount,
            status=status,
            reason="fraudulent",
            is_withdrawn=is_withdrawn,
            evidence_due_at=None,
            created_at=MADE_AT,
        )
        return DisputeReading(self._payment(), dispute)

    def partial_dispute(self, status: str, amount_minor: int) -> DisputeReading:
        reading = self.dispute(status)
        money = Money(amount_minor, self.order.currency)
        return replace(reading, dispute=replace(reading.dispute, amount=money))

    def _payment(self) -> PaymentReading:
        customer_id = self.charge.customer_id or ""
        ticket = tickets.take(customer_id).number
        return PaymentReading(self.charge, customer_id, ticket, None)


def paid_order(
    user: User, package: TokenPackage, *, paid_minor: int, tokens: int, bonus: int = 0
) -> Payment:
    """Return a payment of the user as `orders.fulfil` leaves it, of any size."""
    money = Money(paid_minor, "USD")
    with transaction() as session:
        user.stripe_customer_id = f"cus_{user.id}"
        order = Order(
            user_id=user.id,
            kind=OrderKind.TOKENS,
            item=f"package:{package.slug}",
            token_package_id=package.id,
            tokens=tokens,
            bonus_tokens=bonus,
            amount_minor=paid_minor,
            currency=money.currency,
            state=OrderState.PAID,
            paid_at=MADE_AT,
            amount_paid_minor=paid_minor,
        )
        session.add(order)
        session.flush()
        order.stripe_payment_intent_id = f"pi_{order.id}"
        for source, amount in ((LotSource.ORDER, tokens), (LotSource.BONUS, bonus)):
            if amount:
                ledger.grant(
                    user.id,
                    amount,
                    source=source,
                    reason="Bought",
                    actor="test",
                    idempotency_key=f"order:{order.id}:{source}",
                    order_id=order.id,
                )
    charge = StripeCharge(f"ch_{order.id}", user.stripe_customer_id, f"pi_{order.id}", money)
    return Payment(order, charge)
