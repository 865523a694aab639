"""What a customer's account says in the end, without the ids in which two customers differ."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from billing import clock
from billing.database import db, transaction
from billing.models import Dispute, Invoice, Order, Refund, TokenLot, User
from billing.services import due, lots, usage


def account_of(user: User) -> dict[str, Any]:
    """Return all that a person could read about their plan, their money and their tokens."""
    db.session.rollback()
    db.session.expire_all()
    _settle(user)
    summary = usage.summary(user)
    plan, tokens = user.subscription, summary.tokens
    return {
        "plan": (plan.tier.slug, plan.tier_version.version, plan.status, plan.interval),
        "period": (plan.current_period_start, plan.current_period_end, plan.anchor),
        "end": (plan.cancel_at_period_end, plan.cancel_at, plan.ended_at, plan.grace_until),
        "scheduled": (plan.scheduled_tier_version_id, plan.scheduled_interval, plan.scheduled_at),
        "quota": summary.quota,
        "tokens": (tokens.balance - tokens.debt, tokens.held, tokens.frozen),
        "is disputed": user.disputed_at,
        "lots": _lots(user),
        "orders": _orders(user),
        "invoices": _invoices(user),
        "refunds": _refunds(user),
        "disputes": _disputes(user),
    }


def _settle(user: User) -> None:
    """Have the lots pay for what was spent: it is done when somebody needs to know."""
    with transaction() as session:
        lots.settle(session, due.lock_current(session, user.id, clock.now()))


def _lots(user: User) -> list[Any]:
    """What each is worth and what was taken of it.

    A purchase repays the debts that are known when it is heard of, so that a debt and what repays
    it may stand open beside each other; when they expire counts from the day on which they came.
    """
    mine = select(TokenLot).where(TokenLot.user_id == user.id)
    return [
        (
            lot.source,
            lot.tokens,
            lot.remaining + lot.repaid - lot.owed,
            lot.clawed_back + lot.owed,
            lot.frozen,
        )
        for lot in db.session.scalars(mine.order_by(TokenLot.order_id, TokenLot.source.desc()))
    ]


def _orders(user: User) -> list[Any]:
    mine = select(Order).where(Order.user_id == user.id).order_by(Order.id)
    return [
        (order.item, order.state, order.amount_paid_minor, order.amount_refunded_minor)
        for order in db.session.scalars(mine)
    ]


def _invoices(user: User) -> list[Any]:
    mine = select(Invoice).where(Invoice.user_id == user.id)
    return sorted(
        (
            invoice.issued_at,
            invoice.billing_reason or "",
            invoice.status,
            invoice.total_minor,
            invoice.amount_paid_minor,
            invoice.amount_due_minor,
            invoice.amount_refunded_minor,
            invoice.attempt_count,
            str(invoice.next_attempt_at),
        )
        for invoice in db.session.scalars(mine)
    )


def _refunds(user: User) -> list[Any]:
    mine = select(Refund).where(Refund.user_id == user.id)
    return sorted(
        (
            refund.issued_at,
            refund.amount_minor,
            refund.status,
            refund.order_id is None,
            refund.invoice_id is None,
        )
        for refund in db.session.scalars(mine)
    )


def _disputes(user: User) -> list[Any]:
    mine = select(Dispute).where(Dispute.user_id == user.id)
    return sorted(
        (
            dispute.opened_at,
            dispute.amount_minor,
            dispute.status,
            dispute.is_withdrawn,
            dispute.order_id is None,
            dispute.invoice_id is None,
        )
        for dispute in db.session.scalars(mine)
    )
