"""Receipts: what a user was billed, invoices of plans and purchases of tokens in one list."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    SQLColumnExpression,
    and_,
    func,
    literal,
    select,
    true,
    union_all,
)
from sqlalchemy.orm import joinedload

from billing.database import db
from billing.domain.receipts import AT_CHECKOUT, ReceiptStatus
from billing.domain.statuses import OrderKind, OrderState
from billing.models import Invoice, Order


@dataclass(frozen=True, slots=True)
class ReceiptFilter:
    """Which receipts are wanted: a field that is None lets all pass; `until` itself does not."""

    status: ReceiptStatus | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class ReceiptPage:
    """Some receipts, and how many there are in all."""

    invoices: tuple[Invoice, ...]
    orders: tuple[Order, ...]
    total: int


def list_page(user_id: int, *, only: ReceiptFilter, page: int, size: int) -> ReceiptPage:
    """Return one page of the user's receipts, the newest first.

    Args:
        user_id: whose.
        only: which of them.
        page: from 1.
        size: how many a page has.
    """
    wanted = union_all(_invoices(user_id, only), _orders(user_id, only)).subquery()
    total = db.session.scalar(select(func.count()).select_from(wanted)) or 0
    newest = select(wanted.c.is_order, wanted.c.id).order_by(
        wanted.c.issued_at.desc(), wanted.c.is_order, wanted.c.id.desc()
    )
    shown = db.session.execute(newest.limit(size).offset((page - 1) * size)).all()
    order_ids = [row.id for row in shown if row.is_order]
    invoice_ids = [row.id for row in shown if not row.is_order]
    orders = select(Order).where(Order.id.in_(order_ids)).options(joinedload(Order.token_package))
    invoices = select(Invoice).where(Invoice.id.in_(invoice_ids))
    return ReceiptPage(
        invoices=tuple(db.session.scalars(invoices)) if invoice_ids else (),
        orders=tuple(db.session.scalars(orders)) if order_ids else (),
        total=total,
    )


def list_newest(user_id: int, *, limit: int) -> ReceiptPage:
    """Return the user's newest receipts.

    Args:
        user_id: whose.
        limit: how many at the most.
    """
    return list_page(user_id, only=ReceiptFilter(), page=1, size=limit)


def find_invoice_of(order: Order) -> Invoice | None:
    """Return the first invoice of the plan that was bought, None until Stripe has sent it.

    Args:
        order: of a plan; tokens have no invoice.
    """
    if order.kind != OrderKind.SUBSCRIPTION:
        return None
    of_plan = select(Invoice).where(
        Invoice.user_id == order.user_id,
        Invoice.billing_reason == AT_CHECKOUT,
        Invoice.issued_at >= order.created_at.replace(microsecond=0),
    )
    return db.session.scalar(of_plan.order_by(Invoice.issued_at).limit(1))


def find_first_moment(user_id: int) -> datetime | None:
    """Return when the user's first receipt was issued, None where there is none.

    Args:
        user_id: whose.
    """
    everything = ReceiptFilter()
    issued = union_all(_invoices(user_id, everything), _orders(user_id, everything)).subquery()
    first: datetime | None = db.session.scalar(select(func.min(issued.c.issued_at)))
    return first


def _invoices(user_id: int, only: ReceiptFilter) -> Select[Any, Any, Any]:
    return select(literal(0).label("is_order"), Invoice.id, Invoice.issued_at).where(
        Invoice.user_id == user_id,
        *_between(Invoice.issued_at, only),
        true() if only.status is None else _invoice_is(only.status),
    )


def _orders(user_id: int, only: ReceiptFilter) -> Select[Any, Any, Any]:
    return select(literal(1), Order.id, Order.paid_at).where(
        Order.user_id == user_id,
        Order.kind == OrderKind.TOKENS,
        Order.state == OrderState.PAID,
        *_between(Order.paid_at, only),
        true() if only.status is None else _order_is(only.status),
    )


def _between(
    moment: SQLColumnExpression[Any], only: ReceiptFilter
) -> Sequence[ColumnElement[bool]]:
    bounds = []
    if only.since is not None:
        bounds.append(moment >= only.since)
    if only.until is not None:
        bounds.append(moment < only.until)
    return bounds


def _invoice_is(status: ReceiptStatus) -> ColumnElement[bool]:
    """Say in SQL what `domain.receipts` says of one invoice."""
    is_open = Invoice.status == "open"
    paid = and_(
        Invoice.status == "paid",
        _payment_is(status, Invoice.amount_paid_minor, Invoice.amount_refunded_minor),
    )
    return {
        ReceiptStatus.OPEN: and_(is_open, Invoice.attempt_count == 0),
        ReceiptStatus.PAST_DUE: and_(is_open, Invoice.attempt_count > 0),
        ReceiptStatus.NOT_COLLECTED: Invoice.status == "uncollectible",
        ReceiptStatus.VOID: Invoice.status == "void",
    }.get(status, paid)


def _order_is(status: ReceiptStatus) -> ColumnElement[bool]:
    paid_minor = func.coalesce(Order.amount_paid_minor, Order.amount_minor)
    return _payment_is(status, paid_minor, Order.amount_refunded_minor)


def _payment_is(
    status: ReceiptStatus,
    paid_minor: SQLColumnExpression[int],
    refunded_minor: SQLColumnExpression[int],
) -> ColumnElement[bool]:
    return {
        ReceiptStatus.PAID: refunded_minor == 0,
        ReceiptStatus.REFUNDED: and_(refunded_minor > 0, refunded_minor >= paid_minor),
        ReceiptStatus.PARTLY_REFUNDED: and_(refunded_minor > 0, refunded_minor < paid_minor),
    }.get(status, ~true())
