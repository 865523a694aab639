"""Subscriptions: what Stripe holds for a customer, applied to our one row of the user.

A webhook, the return page and reconciliation all call `read` and then `apply`. Each reading takes
a ticket before it begins, and `apply` passes over a reading when one that began later is applied
already: so events may come late, twice, in parallel and in any order.
"""

from dataclasses import replace
from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from billing import clock
from billing.database import db, transaction
from billing.domain.dunning import GRACE
from billing.domain.interval import Interval
from billing.domain.statuses import SubscriptionStatus
from billing.errors import UnknownPrice
from billing.gateway import CustomerSubscriptions, Gateway, StripeSubscription
from billing.models import AuditEntry, SubscriptionTier, TierVersion, User, UserSubscription
from billing.observability.timing import log_service_operation
from billing.services import (
    admin_emails,
    catalog,
    host_events,
    plan_emails,
    provisioning,
    quotas,
    revenue,
    tickets,
)
from billing.services.users import lock_customer, lock_user

log = structlog.get_logger(__name__)


@log_service_operation
def read(customer_id: str, *, gateway: Gateway) -> CustomerSubscriptions:
    """Read all subscriptions of a customer at Stripe, under a ticket.

    Where Stripe shows two live ones, the first stays; the later are cancelled and refunded.

    Args:
        customer_id: Stripe's id of the customer.
        gateway: where Stripe is reached; no transaction may be open.

    Raises:
        UnknownCustomer: no user of ours is this customer.
        GatewayUnavailable: Stripe did not answer.
    """
    ticket = tickets.take(customer_id)
    found = CustomerSubscriptions(
        customer_id,
        ticket.number,
        ticket.known_subscription_id,
        gateway.subscriptions.list_by_customer(customer_id),
    )
    if len(found.live) > 1:
        for duplicate in found.live[1:]:
            _cancel_and_refund(duplicate, gateway)
        found = replace(found, subscriptions=gateway.subscriptions.list_by_customer(customer_id))
    return replace(found, unpaid_since=_unpaid_since(found, gateway))


@log_service_operation
def apply(reading: CustomerSubscriptions) -> None:
    """Make our row say what Stripe holds; joins the open transaction.

    The tier is that of the live subscription. Without one the user is on the default tier, and
    tokens, ledger and history stay.

    Args:
        reading: from `read`.

    Raises:
        UnknownCustomer: no user of ours is this customer.
        UnknownPrice: the live subscription has a price that no tier version has.
    """
    with transaction() as session:
        user = lock_customer(session, reading.customer_id)
        if user.stripe_customer_id != reading.customer_id:
            # What a deleted customer had has ended; the row may follow the next one's already.
            log.info("subscription.former_customer", user_id=user.id)
            return
        provisioning.ensure(user)
        row = user.subscription
        if row.applied_ticket >= reading.ticket:
            log.info("subscription.reading_passed_over", user_id=user.id, ticket=reading.ticket)
            return
        row.applied_ticket = reading.ticket
        before, stood = _summary(row), plan_emails.standing_of(row)
        if reading.live:
            _follow(row, reading)
        else:
            _fall_to_default_tier(row, reading)
        session.flush()
        quotas.follow_tier(
            user.id,
            tier_version=row.tier_version,
            anchor=row.anchor,
            grace_until=None if row.is_grace_over(clock.now()) else row.grace_until,
        )
        _audit(session, row, before)
        revenue.follow(row)
        plan_emails.tell_of_change(user, before=stood, ticket=reading.ticket)


@log_service_operation
def end_grace_if_over(user: User) -> None:
    """Put the user on the default tier where a renewal has stayed unpaid through its grace.

    The quota and the rights end by themselves at that moment; this makes the subscription say so.

    Args:
        user: a stored user.

    Raises:
        NoCatalog: there is no default tier to fall to.
    """
    row = user.subscription
    if not row.is_grace_over(clock.now()):
        return
    default = catalog.get_default_tier().current_version
    if row.tier_version_id == default.id:
        return
    with transaction() as session:
        lock_user(session, user.id)
        before, stood = _summary(row), plan_emails.standing_of(row)
        row.tier_version = default
        session.flush()
        quotas.follow_tier(user.id, tier_version=default, anchor=row.anchor)
        _audit(session, row, before)
        revenue.follow(row)
        plan_emails.tell_of_grace_over(user, before=stood)


def end_overdue_graces() -> int:
    """End every grace that is over, for the worker; returns how many users it was."""
    over = select(UserSubscription).where(
        UserSubscription.status == SubscriptionStatus.PAST_DUE,
        UserSubscription.grace_until <= clock.now(),
        UserSubscription.tier_version.has(TierVersion.tier.has(~SubscriptionTier.is_default)),
    )
    users = [row.user for row in db.session.scalars(over)]
    for user in users:
        end_grace_if_over(user)
    return len(users)


def _cancel_and_refund(duplicate: StripeSubscription, gateway: Gateway) -> None:
    """The money first: whoever falls in between finds two live ones again, and goes on."""
    if duplicate.latest_invoice_id is not None:
        gateway.invoices.refund_paid(duplicate.latest_invoice_id)
    gateway.subscriptions.cancel_now(duplicate.id)
    with transaction() as session:
        user = lock_customer(session, duplicate.customer_id)
        session.add(
            AuditEntry(
                actor="billing",
                action="subscription.duplicate_refunded",
                subject_type="user",
                subject_id=user.id,
                after={"stripe_subscription_id": duplicate.id},
                reason="Stripe showed a second live subscription; the first one stays.",
            )
        )
        admin_emails.tell_of_second_subscription(user, duplicate.id)
    log.error("subscription.duplicate_refunded", stripe_subscription_id=duplicate.id)


def _follow(row: UserSubscription, reading: CustomerSubscriptions) -> None:
    live = reading.live[0]
    row.status = live.status
    row.tier_version, row.interval = _sold_under(live.price_id)
    row.complimentary_until = None
    row.grace_until = _grace_until(row, live, reading.unpaid_since)
    if row.is_grace_over(clock.now()):
        row.tier_version = catalog.get_default_tier().current_version
    _follow_schedule(row, live)
    row.stripe_subscription_id = live.id
    row.stripe_price_id = live.price_id
    row.anchor = live.billing_cycle_anchor
    row.current_period_start = live.current_period_start
    row.current_period_end = live.current_period_end
    row.cancel_at_period_end = live.cancel_at_period_end
    row.cancel_at = live.cancel_at
    row.trial_end = live.trial_end
    row.ended_at = None
    if live.card is not None:
        row.card_brand, row.card_last4 = live.card.brand, live.card.last4
        row.card_exp_month, row.card_exp_year = live.card.exp_month, live.card.exp_year


def _follow_schedule(row: UserSubscription, live: StripeSubscription) -> None:
    change = live.scheduled_change
    row.stripe_schedule_id = live.schedule_id
    row.scheduled_tier_version = row.scheduled_interval = row.scheduled_at = None
    if change is not None:
        row.scheduled_tier_version, row.scheduled_interval = _sold_under(change.price_id)
        row.scheduled_at = change.starts_at


def _unpaid_since(found: CustomerSubscriptions, gateway: Gateway) -> datetime | None:
    """Return when the unpaid invoice was finalized: Stripe tries its payment at that moment."""
    past_due = [each for each in found.live[:1] if each.status == SubscriptionStatus.PAST_DUE]
    invoice_id = past_due[0].latest_invoice_id if past_due else None
    return None if invoice_id is None else gateway.invoices.retrieve(invoice_id).finalized_at


def _grace_until(
    row: UserSubscription, live: StripeSubscription, unpaid_since: datetime | None
) -> datetime | None:
    """Grace counts once for each unpaid invoice, from its first try, however late we hear of it."""
    if live.status != SubscriptionStatus.PAST_DUE:
        return None
    if row.grace_until is not None and row.grace_invoice_id == live.latest_invoice_id:
        return row.grace_until
    row.grace_invoice_id = live.latest_invoice_id
    return (unpaid_since or clock.now()) + GRACE


def _sold_under(price_id: str) -> tuple[TierVersion, Interval]:
    version = catalog.find_version_at_price(price_id)
    if version is None:
        raise UnknownPrice(f"No tier version has the Stripe price {price_id}.")
    is_year = version.stripe_price_year_id == price_id
    return version, Interval.YEAR if is_year else Interval.MONTH


def _fall_to_default_tier(row: UserSubscription, reading: CustomerSubscriptions) -> None:
    ended = _last_held(row, reading)
    if ended is None:
        return
    if ended.id == row.stripe_subscription_id and row.ended_at is not None:
        # What is off already, paused or unpaid, may still be cancelled.
        row.status = ended.status
        return
    row.stripe_subscription_id = ended.id
    row.anchor = ended.billing_cycle_anchor
    row.tier_version = catalog.get_default_tier().current_version
    row.status = ended.status
    row.interval = None
    row.current_period_start = row.current_period_end = None
    row.cancel_at_period_end = False
    row.cancel_at = row.trial_end = row.grace_until = row.complimentary_until = None
    row.scheduled_tier_version = row.scheduled_interval = row.scheduled_at = None
    row.stripe_schedule_id = None
    row.ended_at = ended.ended_at or clock.now()


def _last_held(row: UserSubscription, reading: CustomerSubscriptions) -> StripeSubscription | None:
    """Return what the row follows, or one that began and ended later without our hearing of it."""
    held = [
        each
        for each in reading.subscriptions
        if each.id == row.stripe_subscription_id or each.status == SubscriptionStatus.CANCELED
    ]
    return max(held, key=lambda each: each.ended_at or clock.now(), default=None)


def _summary(row: UserSubscription) -> dict[str, str | bool | None]:
    return {
        "tier": row.tier.slug,
        "version": str(row.tier_version.version),
        "status": row.status,
        "interval": row.interval,
        "ends_at": row.ends_at.isoformat() if row.ends_at else None,
        "scheduled": row.scheduled_tier_version.tier.slug if row.scheduled_tier_version else None,
    }


def _audit(session: Session, row: UserSubscription, before: dict[str, str | bool | None]) -> None:
    after = _summary(row)
    if after == before:
        return
    session.add(
        AuditEntry(
            actor="stripe",
            action="subscription.changed",
            subject_type="user",
            subject_id=row.user_id,
            before=before,
            after=after,
        )
    )
    host_events.tell_of_subscription(row, before=before)
    log.info("subscription.changed", user_id=row.user_id, before=before, after=after)
