"""What Stripe told us, as frozen values in our words: times are aware UTC, money is `Money`."""

from dataclasses import dataclass
from datetime import datetime

from billing.domain.interval import Interval
from billing.domain.money import Money
from billing.domain.statuses import ENDED_STATUSES, LIVE_STATUSES, SubscriptionStatus


@dataclass(frozen=True, slots=True)
class StripeProduct:
    """https://docs.stripe.com/api/products/object"""

    name: str
    is_active: bool


@dataclass(frozen=True, slots=True)
class StripePrice:
    """https://docs.stripe.com/api/prices/object"""

    id: str
    money: Money
    interval: Interval | None
    is_active: bool


@dataclass(frozen=True, slots=True)
class CheckoutSession:
    """https://docs.stripe.com/api/checkout/sessions/object"""

    id: str
    url: str | None
    status: str
    payment_status: str
    customer_id: str | None
    client_reference_id: str | None
    subscription_id: str | None
    payment_intent_id: str | None
    subtotal: Money
    total: Money
    expires_at: datetime
    order_id: int | None
    success_url: str | None = None
    cancel_url: str | None = None

    @property
    def is_open(self) -> bool:
        return self.status == "open"

    @property
    def is_expired(self) -> bool:
        return self.status == "expired"

    @property
    def is_complete(self) -> bool:
        return self.status == "complete"

    @property
    def is_paid(self) -> bool:
        """Whether the money is there; a delayed method completes before it pays."""
        return self.is_complete and self.payment_status in {"paid", "no_payment_required"}


@dataclass(frozen=True, slots=True)
class Card:
    """What a page may say of a payment method."""

    brand: str
    last4: str
    exp_month: int
    exp_year: int


@dataclass(frozen=True, slots=True)
class ScheduledChange:
    """The price that a subscription moves to when its present phase ends."""

    schedule_id: str
    price_id: str
    starts_at: datetime


@dataclass(frozen=True, slots=True)
class StripeSubscription:
    """https://docs.stripe.com/api/subscriptions/object"""

    id: str
    customer_id: str
    status: SubscriptionStatus
    item_id: str
    price_id: str
    billing_cycle_anchor: datetime
    current_period_start: datetime
    current_period_end: datetime
    cancel_at_period_end: bool
    cancel_at: datetime | None
    ended_at: datetime | None
    trial_end: datetime | None
    created_at: datetime
    latest_invoice_id: str | None
    schedule_id: str | None
    scheduled_change: ScheduledChange | None
    card: Card | None

    @property
    def is_live(self) -> bool:
        return self.status in LIVE_STATUSES

    @property
    def has_ended(self) -> bool:
        """Whether nothing can bring it back: it never charges again."""
        return self.status in ENDED_STATUSES


@dataclass(frozen=True, slots=True)
class CustomerSubscriptions:
    """All that a customer subscribes to or ever did, as one reading, oldest first.

    `ticket` says when the reading began, relative to the others of the same user; `known_id` is
    the subscription that the user's row followed then; `unpaid_since` is when the payment was
    first tried that a past due one waits for.
    """

    customer_id: str
    ticket: int
    known_id: str | None
    subscriptions: tuple[StripeSubscription, ...]
    unpaid_since: datetime | None = None

    @property
    def live(self) -> tuple[StripeSubscription, ...]:
        """The live ones; first the one that stays: which we follow already, else the oldest."""
        live = [each for each in self.subscriptions if each.is_live]
        return tuple(sorted(live, key=lambda each: each.id != self.known_id))


@dataclass(frozen=True, slots=True)
class StripeInvoice:
    """https://docs.stripe.com/api/invoices/object"""

    id: str
    customer_id: str | None
    subscription_id: str | None
    number: str | None
    status: str
    billing_reason: str | None
    description: str
    lines: "tuple[InvoiceLine, ...]"
    tax: Money
    total: Money
    amount_due: Money
    amount_paid: Money
    attempt_count: int
    next_attempt_at: datetime | None
    needs_confirmation: bool
    hosted_invoice_url: str | None
    issued_at: datetime
    finalized_at: datetime | None = None

    @property
    def is_paid(self) -> bool:
        return self.status == "paid"

    @property
    def is_open(self) -> bool:
        return self.status == "open"


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """One line of what is charged, or would be; a credit is negative."""

    description: str
    amount: Money
    period_start: datetime
    period_end: datetime


@dataclass(frozen=True, slots=True)
class InvoicePreview:
    """What Stripe would charge: https://docs.stripe.com/api/invoices/create_preview"""

    lines: tuple[InvoiceLine, ...]
    subtotal: Money
    tax: Money
    total: Money
    amount_due: Money

    @property
    def credit(self) -> Money:
        """What stays as credit with the customer when the total is below zero."""
        below_zero = min(self.total.amount_minor, 0)
        return Money(-below_zero, self.total.currency)


@dataclass(frozen=True, slots=True)
class StripeCharge:
    """https://docs.stripe.com/api/charges/object"""

    id: str
    customer_id: str | None
    payment_intent_id: str | None
    amount: Money


@dataclass(frozen=True, slots=True)
class StripeRefund:
    """https://docs.stripe.com/api/refunds/object"""

    id: str
    charge_id: str | None
    amount: Money
    status: str
    reason: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class StripeDispute:
    """https://docs.stripe.com/api/disputes/object

    `is_withdrawn` says whether the money has left our account and not come back.
    """

    id: str
    charge_id: str
    amount: Money
    status: str
    reason: str
    is_withdrawn: bool
    evidence_due_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Event:
    """A webhook event whose signature was verified, or that was read from Stripe itself."""

    id: str
    type: str
    api_version: str | None
    is_live: bool
    # Of somebody else's account, to which ours is connected; None is ours.
    account_id: str | None
    object_id: str | None
    customer_id: str | None
    payload: str
