"""The search on top: which record an address or an id names."""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Select, select

from billing.database import db
from billing.models import FormerCustomer, Invoice, Order, User, UserSubscription, WebhookEvent
from billing.services.users import id_of, normalize_email

MAX_LENGTH = 255


class Found(StrEnum):
    """What kind of record a search has found."""

    USER = "user"
    WEBHOOK_EVENT = "webhook_event"


@dataclass(frozen=True, slots=True)
class Hit:
    """One record: its kind and our id of it."""

    kind: Found
    id: int


def find(text: str) -> Hit | None:
    """Return the one record that the text names exactly, None where it names none.

    An invoice, an order, a customer or a subscription leads to the user whose it is.

    Args:
        text: an e-mail address, or an id of ours, of the host's or of Stripe's.
    """
    text = text.replace("\0", "").strip()[:MAX_LENGTH]
    if not text:
        return None
    for kind, found in _lookups(text):
        record_id = db.session.scalar(found.limit(1))
        if record_id is not None:
            return Hit(kind, record_id)
    return None


def _lookups(text: str) -> list[tuple[Found, Select[int]]]:
    if text.startswith("evt_"):
        event = select(WebhookEvent.id).where(WebhookEvent.stripe_event_id == text)
        return [(Found.WEBHOOK_EVENT, event)]
    of_stripe = (
        ("cus_", User.id, User.stripe_customer_id),
        ("cus_", FormerCustomer.user_id, FormerCustomer.stripe_customer_id),
        ("sub_", UserSubscription.user_id, UserSubscription.stripe_subscription_id),
        ("in_", Invoice.user_id, Invoice.stripe_invoice_id),
        ("cs_", Order.user_id, Order.stripe_session_id),
        ("pi_", Order.user_id, Order.stripe_payment_intent_id),
    )
    found = [
        (Found.USER, select(user_id).where(stripe_id == text))
        for prefix, user_id, stripe_id in of_stripe
        if text.startswith(prefix)
    ]
    if found:
        return found
    named = [
        select(User.id).where(User.email == normalize_email(text)),
        select(User.id).where(User.external_id == text),
        select(Invoice.user_id).where(Invoice.number == text),
    ]
    if number := id_of(text.removeprefix("order:")):
        own = select(User.id).where(User.id == number)
        ordered = select(Order.user_id).where(Order.id == number)
        named.append(ordered if text.startswith("order:") else own)
    return [(Found.USER, each) for each in named]
