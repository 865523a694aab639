"""Closing an account: cancelled at Stripe first, then forgotten here, but for what the law keeps.

Orders, invoices, the ledger and the AI requests stay without a name. What says who the person was
goes: the addresses, the password, the keys, the sessions, what Stripe's events told of them.
"""

from dataclasses import dataclass

import structlog
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from billing import clock
from billing.database import db, transaction
from billing.domain.persons import person_hash
from billing.domain.statuses import OrderState
from billing.errors import PaymentPending, StripeRefused
from billing.gateway import Gateway
from billing.messages import Message
from billing.models import (
    ApiKey,
    AuditEntry,
    Email,
    OneTimeLink,
    Order,
    PortalLink,
    User,
    UserSession,
)
from billing.observability.timing import log_service_operation
from billing.services import (
    accounts,
    checkout,
    due,
    emails,
    inbox_upkeep,
    provisioning,
    quota_memory,
    subscriptions,
)
from billing.services.users import lock_user

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ClosingPreview:
    """What goes with the account: the paid tier's name if there is one, tokens, API keys."""

    paid_tier: str | None
    tokens: int
    api_keys: int


def preview(user: User) -> ClosingPreview:
    """Say what closing would take; nothing is changed, and Stripe is not asked.

    Args:
        user: whose account.
    """
    provisioning.ensure(user)
    keys = select(func.count(ApiKey.id)).where(
        ApiKey.user_id == user.id, ApiKey.revoked_at.is_(None)
    )
    return ClosingPreview(
        paid_tier=user.subscription.tier.name if user.subscription.is_paid else None,
        tokens=due.read_current(user.id).balance,
        api_keys=db.session.scalar(keys) or 0,
    )


@log_service_operation
def close(user: User, *, password: str, person_key: str, gateway: Gateway) -> None:
    """Close the account for good; while Stripe cannot be asked, nothing is closed.

    Args:
        user: whose account.
        password: the user's own, once more.
        person_key: the key of `domain.persons`, so that trial and free quota are remembered.
        gateway: where Stripe is reached; no transaction may be open.

    Raises:
        InvalidInput: the password is wrong; `errors` names `current_password`.
        RateLimited: 5 wrong passwords in 15 minutes.
        PaymentPending: a payment is on its way, and would arrive at a closed account.
        GatewayError: Stripe did not answer, or did not cancel.
    """
    accounts.check_password(user, password)
    _cancel_at_stripe(user, gateway)
    with transaction() as session:
        closing = lock_user(session, user.id)
        balance = due.lock_current(session, closing.id, clock.now())
        person = person_hash(closing.email, person_key)
        quota_memory.remember(session, balance, person_hash=person)
        # Before the address goes: this letter is the last that reaches it.
        emails.enqueue(
            closing,
            "account_closed",
            dedupe_key=f"account_closed:{closing.id}",
            to_address=closing.email,
        )
        _forget(session, closing)
    log.info("account.closed", user_id=user.id)


def _cancel_at_stripe(user: User, gateway: Gateway) -> None:
    checkout.close_open_pages(user, gateway=gateway)
    _refuse_pending_payment(user)
    if user.stripe_customer_id is None:
        return
    held = subscriptions.read(user.stripe_customer_id, gateway=gateway)
    for subscription in held.subscriptions:
        if subscription.has_ended:
            continue
        if subscription.schedule_id is not None:
            gateway.schedules.release(subscription.schedule_id)
        gateway.subscriptions.cancel_now(subscription.id)
    left = subscriptions.read(user.stripe_customer_id, gateway=gateway)
    subscriptions.apply(left)
    if left.live:
        raise StripeRefused(Message("The plan could not be cancelled, so the account stays open."))


def _refuse_pending_payment(user: User) -> None:
    pending = select(Order.id).where(Order.user_id == user.id, Order.state == OrderState.PROCESSING)
    if db.session.scalar(pending.limit(1)) is not None:
        raise PaymentPending(
            Message("A payment is still being confirmed. Close the account when it has arrived.")
        )


def _forget(session: Session, user: User) -> None:
    now = clock.now()
    nobody = f"closed-{user.id}@account.invalid"
    user.closed_at, user.email = now, nobody
    user.password_hash = user.email_verified_at = None
    user.locale, user.time_zone = None, "UTC"
    for table in (UserSession, PortalLink):
        session.execute(delete(table).where(table.user_id == user.id))
    session.execute(
        update(OneTimeLink)
        .where(OneTimeLink.user_id == user.id)
        .values(email=None, token_hash=None)
    )
    session.execute(
        update(ApiKey)
        .where(ApiKey.user_id == user.id)
        .values(name="", revoked_at=func.coalesce(ApiKey.revoked_at, now))
    )
    _forget_letters(session, user.id, nobody)
    inbox_upkeep.forget_closed(session)
    session.add(
        AuditEntry(
            actor=f"user:{user.id}",
            actor_user_id=user.id,
            action="user.closed",
            subject_type="user",
            subject_id=user.id,
        )
    )


def _forget_letters(session: Session, user_id: int, nobody: str) -> None:
    letters = update(Email).where(Email.user_id == user_id, Email.kind != "account_closed")
    session.execute(letters.where(Email.sent_at.is_not(None)).values(to_address=nobody, context={}))
    session.execute(
        letters.where(Email.sent_at.is_(None)).values(
            to_address=nobody, context={}, next_attempt_at=None, last_error="the account was closed"
        )
    )
