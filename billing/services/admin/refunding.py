"""Refunds by an admin's hand: of a paid order or invoice, seen first, at Stripe, then here."""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import func, select

from billing.database import db, transaction
from billing.domain.money import Money
from billing.domain.reversals import reverse
from billing.domain.statuses import OrderKind, OrderState
from billing.errors import Conflict, InvalidInput, NotFound, StripeMismatch
from billing.gateway import Gateway
from billing.messages import Message
from billing.models import Invoice, Order, TokenLot, User
from billing.observability.timing import log_service_operation
from billing.services import audit, refunds
from billing.services.audit import Actor


class PaymentKind(StrEnum):
    """What was paid: a token package is an order, a plan is an invoice."""

    ORDER = "order"
    INVOICE = "invoice"


@dataclass(frozen=True, slots=True)
class Payment:
    """Something that a user paid, and how much of it can still go back."""

    kind: PaymentKind
    id: int
    user: User
    description: str
    paid: Money
    refunded: Money
    granted_tokens: int
    taken_tokens: int

    @property
    def left(self) -> Money:
        return self.paid - self.refunded

    def tokens_after(self, amount: Money) -> int:
        """How many tokens of the order a refund of so much takes back, as a debt where spent."""
        if self.granted_tokens == 0:
            return 0
        returned = self.refunded + amount
        target = reverse(
            self.granted_tokens,
            paid_minor=self.paid.amount_minor,
            returned_minor=returned.amount_minor,
            disputed_minor=0,
        )
        return max(target.taken - self.taken_tokens, 0)


def get_payment(kind: PaymentKind, payment_id: int) -> Payment:
    """Return what was paid.

    Args:
        kind: an order of tokens, or an invoice.
        payment_id: our id of it.

    Raises:
        NotFound: there is no such payment, or it was never paid.
    """
    payment = _order(payment_id) if kind == PaymentKind.ORDER else _invoice(payment_id)
    if payment is None:
        raise NotFound(Message("There is no such payment."))
    return payment


def require_refundable(payment: Payment, amount: Money) -> None:
    """Make sure that so much can go back.

    Args:
        payment: what was paid.
        amount: how much is to go back.

    Raises:
        InvalidInput: it is nothing, or more than is left.
    """
    if not 0 < amount.amount_minor <= payment.left.amount_minor:
        raise InvalidInput(
            Message("Check the field."),
            errors={"amount": Message("Enter an amount above 0, up to what is left")},
        )


@log_service_operation
def refund(
    payment: Payment,
    amount: Money,
    *,
    reason: str,
    idempotency_key: str,
    actor: Actor,
    gateway: Gateway,
) -> None:
    """Give money back: at Stripe first, then what it had bought goes back here.

    Args:
        payment: what was paid.
        amount: how much goes back.
        reason: in the admin's own words.
        idempotency_key: of the form; the same again is the same refund.
        actor: who does it.
        gateway: where Stripe is reached; no transaction may be open.

    Raises:
        InvalidInput: the amount is nothing, or more than is left.
        Conflict: no card was charged, so there is nothing to refund to.
        StripeRefused: Stripe does not take it.
        StripeMismatch: Stripe took it, and did not say from which charge.
        GatewayUnavailable: Stripe did not answer; the same call again is safe.
    """
    require_refundable(payment, amount)
    intent = _payment_intent(payment, gateway)
    made = gateway.refunds.create(intent, amount, idempotency_key=f"desk:{idempotency_key}")
    if made.charge_id is None:
        raise StripeMismatch(f"Refund {made.id} was made, and names no charge.")
    reading = refunds.read(made.charge_id, gateway=gateway)
    with transaction() as session:
        refunds.apply(reading)
        audit.record(
            session,
            actor,
            "payment.refunded",
            subject=("user", payment.user.id),
            before={"refunded_minor": payment.refunded.amount_minor},
            after={
                "refunded_minor": (payment.refunded + amount).amount_minor,
                "currency": amount.currency,
                "stripe_refund_id": made.id,
                "of": f"{payment.kind}:{payment.id}",
            },
            reason=reason,
        )


def _payment_intent(payment: Payment, gateway: Gateway) -> str:
    if payment.kind == PaymentKind.ORDER:
        intent = db.session.get_one(Order, payment.id).stripe_payment_intent_id
    else:
        invoice = db.session.get_one(Invoice, payment.id)
        intent = gateway.invoices.find_payment(invoice.stripe_invoice_id)
    if intent is None:
        raise Conflict(Message("No card was charged for this, so there is nothing to refund to."))
    return intent


def _order(order_id: int) -> Payment | None:
    order = db.session.get(Order, order_id)
    if order is None or order.kind != OrderKind.TOKENS or order.state != OrderState.PAID:
        return None
    taken = select(func.coalesce(func.sum(TokenLot.clawed_back + TokenLot.owed), 0)).where(
        TokenLot.order_id == order.id
    )
    return Payment(
        kind=PaymentKind.ORDER,
        id=order.id,
        user=order.user,
        description=order.token_package.name if order.token_package else order.item,
        paid=order.paid,
        refunded=order.refunded,
        granted_tokens=order.tokens + order.bonus_tokens,
        taken_tokens=int(db.session.scalar(taken) or 0),
    )


def _invoice(invoice_id: int) -> Payment | None:
    invoice = db.session.get(Invoice, invoice_id)
    if invoice is None or invoice.amount_paid_minor == 0:
        return None
    return Payment(
        kind=PaymentKind.INVOICE,
        id=invoice.id,
        user=invoice.user,
        description=invoice.description,
        paid=Money(invoice.amount_paid_minor, invoice.currency),
        refunded=invoice.refunded,
        granted_tokens=0,
        taken_tokens=0,
    )
