"""Changes of a paid tier: seen with their amounts first, then made with the same amounts.

An upgrade is charged and made at once. A downgrade, and a change of interval, wait for the end of
the paid period and can be undone until then. The tier itself moves only when Stripe says so: each
verb here asks Stripe, reads it again, and applies what it finds.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from billing import clock
from billing.domain.interval import Interval
from billing.domain.money import Money
from billing.domain.periods import add_months
from billing.domain.plan_changes import ChangeKind, Terms, kind_of_change
from billing.errors import (
    AmountChanged,
    CardDeclined,
    NoSubscription,
    NothingToChange,
    PaymentIncomplete,
    TierNotForSale,
)
from billing.gateway import Gateway, InvoicePreview, StripeSubscription
from billing.messages import Message, Wording
from billing.models import TierVersion, User, UserSubscription
from billing.observability.timing import log_service_operation
from billing.services import catalog, invoices, provisioning, subscriptions

log = structlog.get_logger(__name__)

MAX_PREVIEW_AGE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class ChangePreview:
    """What a change does: what is charged now and later, from when, what is gained and lost."""

    kind: ChangeKind
    current: TierVersion
    current_interval: Interval
    wanted: TierVersion
    wanted_interval: Interval
    invoice: InvoicePreview | None
    due_now: Money
    then: Money
    period_start: datetime
    period_end: datetime
    takes_effect_at: datetime
    renews_at: datetime
    proration_at: datetime
    gained: tuple[Wording, ...]
    lost: tuple[Wording, ...]


@log_service_operation
def preview(
    user: User,
    *,
    tier_slug: str,
    interval: Interval,
    gateway: Gateway,
    proration_at: datetime | None = None,
) -> ChangePreview:
    """Say what a change of tier or interval would do; nothing is changed.

    Args:
        user: who is on a paid tier.
        tier_slug: the tier to move to.
        interval: how often that is to be paid.
        gateway: where Stripe is reached; no transaction may be open.
        proration_at: the moment of an earlier preview, to get the same amounts; now by default.

    Raises:
        NoSubscription: the user has no paid tier: a checkout is the way to one.
        TierNotFound: no tier on sale has this slug.
        TierNotForSale: it is free, or not at Stripe yet: cancelling is the way to Free.
        NothingToChange: the user is on it.
        AmountChanged: the earlier preview is too old, or was never made.
        GatewayUnavailable: Stripe did not answer.
    """
    row = _paid_subscription(user)
    wanted = catalog.get_tier(tier_slug).current_version
    price_id = _price_on_sale(wanted, interval)
    kind = kind_of_change(
        _terms(row.tier_version, row.interval or Interval.MONTH), _terms(wanted, interval)
    )
    if kind is None:
        raise NothingToChange(Message("You are on %(tier)s already.", tier=wanted.tier.name))
    held = _held(row, gateway)
    if held.price_id == price_id:
        # An answer was lost: Stripe has made the change, and we have not heard of it.
        subscriptions.apply(subscriptions.read(held.customer_id, gateway=gateway))
        raise NothingToChange(Message("You are on %(tier)s already.", tier=wanted.tier.name))
    moment = _moment_of_preview(held, proration_at)
    invoice = None
    if kind == ChangeKind.UPGRADE:
        invoice = gateway.invoices.preview_change(held, price_id, proration_at=moment)
    return _describe(row, held, kind=kind, to=(wanted, interval), invoice=invoice, moment=moment)


@log_service_operation
def confirm(
    user: User,
    *,
    tier_slug: str,
    interval: Interval,
    proration_at: datetime,
    due_now_minor: int,
    gateway: Gateway,
) -> ChangePreview:
    """Make the change that was previewed, at the amount that was shown.

    Args:
        user: who is on a paid tier.
        tier_slug: the tier to move to.
        interval: how often that is to be paid.
        proration_at: the moment of the preview.
        due_now_minor: the amount that the person agreed to, in minor units.
        gateway: where Stripe is reached; no transaction may be open.

    Returns:
        What was done; `user.subscription` says whether it has taken effect.

    Raises:
        AmountChanged: the amount is another one by now; show it and ask again.
        NoSubscription, TierNotFound, TierNotForSale, NothingToChange: as `preview`.
        CardDeclined: the bank refused, and nothing has changed.
        PaymentIncomplete: the bank asks the person; the tier moves when they confirm.
        StripeRefused: Stripe does not take the change.
        GatewayUnavailable: Stripe did not answer; the same call again is safe.
    """
    seen = preview(
        user, tier_slug=tier_slug, interval=interval, gateway=gateway, proration_at=proration_at
    )
    if seen.due_now.amount_minor != due_now_minor:
        raise AmountChanged(Message("The amount has changed. Check it, then confirm."))
    row = user.subscription
    held = _held(row, gateway)
    price_id = _price_on_sale(seen.wanted, interval)
    if seen.kind == ChangeKind.UPGRADE:
        _release_schedule(held, gateway)
        gateway.subscriptions.change_price(held, price_id, proration_at=seen.proration_at)
    else:
        # Who changes the plan stays: a schedule cannot stand beside a cancellation.
        _keep(held, gateway)
        gateway.schedules.change_at_period_end(held, price_id, interval)
    subscriptions.apply(subscriptions.read(held.customer_id, gateway=gateway))
    log.info("subscription.change_asked", user_id=user.id, kind=seen.kind, tier=tier_slug)
    if seen.kind == ChangeKind.UPGRADE:
        _finish_upgrade(row, seen, gateway)
    return seen


@log_service_operation
def undo(user: User, *, gateway: Gateway) -> None:
    """Forget the change that waits for the end of the period; none waiting is no error.

    Args:
        user: who set it.
        gateway: where Stripe is reached; no transaction may be open.

    Raises:
        NoSubscription: the user has no paid tier.
        GatewayUnavailable: Stripe did not answer.
    """
    held = _held(_paid_subscription(user), gateway)
    _release_schedule(held, gateway)
    subscriptions.apply(subscriptions.read(held.customer_id, gateway=gateway))


@log_service_operation
def cancel(
    user: User, *, gateway: Gateway, feedback: str | None = None, comment: str | None = None
) -> None:
    """End the paid tier with the period that is paid; it can be undone until then.

    A payment that is overdue has paid for nothing: then the tier ends at once.

    Args:
        user: whose tier.
        gateway: where Stripe is reached; no transaction may be open.
        feedback: one of Stripe's words for the reason.
        comment: the person's own words.

    Raises:
        NoSubscription: the user has no paid tier.
        GatewayUnavailable: Stripe did not answer.
    """
    row = _paid_subscription(user)
    held = _held(row, gateway)
    _release_schedule(held, gateway)
    if row.is_past_due:
        gateway.subscriptions.cancel_now(held.id)
    else:
        gateway.subscriptions.cancel_at_period_end(held.id, feedback=feedback, comment=comment)
    subscriptions.apply(subscriptions.read(held.customer_id, gateway=gateway))
    log.info("subscription.cancel_asked", user_id=user.id, feedback=feedback)


@log_service_operation
def cancel_now(user: User, *, gateway: Gateway) -> None:
    """End the paid tier at once; nothing is given back by this.

    Args:
        user: whose tier.
        gateway: where Stripe is reached; no transaction may be open.

    Raises:
        NoSubscription: the user has no paid tier.
        GatewayUnavailable: Stripe did not answer.
    """
    held = _held(_paid_subscription(user), gateway)
    _release_schedule(held, gateway)
    gateway.subscriptions.cancel_now(held.id)
    subscriptions.apply(subscriptions.read(held.customer_id, gateway=gateway))
    log.info("subscription.cancelled_now", user_id=user.id)


@log_service_operation
def resume(user: User, *, gateway: Gateway) -> None:
    """Undo a cancellation, whether it was made here or in the portal; none is no error.

    Args:
        user: whose tier.
        gateway: where Stripe is reached; no transaction may be open.

    Raises:
        NoSubscription: the paid tier has ended already.
        GatewayUnavailable: Stripe did not answer.
    """
    held = _held(_paid_subscription(user), gateway)
    _keep(held, gateway)
    subscriptions.apply(subscriptions.read(held.customer_id, gateway=gateway))


def _paid_subscription(user: User) -> UserSubscription:
    provisioning.ensure(user)
    if not user.subscription.is_paid:
        raise NoSubscription(Message("You have no paid plan."))
    return user.subscription


def _held(row: UserSubscription, gateway: Gateway) -> StripeSubscription:
    return gateway.subscriptions.retrieve(row.stripe_subscription_id or "")


def _keep(held: StripeSubscription, gateway: Gateway) -> None:
    if held.cancel_at_period_end or held.cancel_at is not None:
        gateway.subscriptions.keep(held)


def _finish_upgrade(row: UserSubscription, seen: ChangePreview, gateway: Gateway) -> None:
    """Who paid for more stays: a cancellation from before is undone."""
    _require_payment(row, seen, gateway)
    if row.ends_at is not None:
        held = _held(row, gateway)
        _keep(held, gateway)
        subscriptions.apply(subscriptions.read(held.customer_id, gateway=gateway))


def _require_payment(row: UserSubscription, seen: ChangePreview, gateway: Gateway) -> None:
    """Say what an upgrade waits for that Stripe took and has not made."""
    if (row.tier_version.tier_id, row.interval) == (seen.wanted.tier_id, seen.wanted_interval):
        return
    invoice_id = _held(row, gateway).latest_invoice_id
    invoice = gateway.invoices.retrieve(invoice_id) if invoice_id else None
    if invoice is not None:
        invoices.apply(invoice)
    if invoice is None or not invoice.needs_confirmation:
        raise CardDeclined(Message("The payment did not go through. You were not charged."))
    raise PaymentIncomplete(
        Message("Your bank wants you to confirm the payment."),
        needs_confirmation=True,
        invoice_url=invoice.hosted_invoice_url,
    )


def _moment_of_preview(held: StripeSubscription, proration_at: datetime | None) -> datetime:
    """Return the moment to count from: now, or that of a preview made not long ago.

    A later moment would make any upgrade cheap, so the browser does not choose it.
    """
    # At Stripe a test clock may run ahead of ours; only moments of the period are taken.
    now = max(clock.now().replace(microsecond=0), held.current_period_start)
    if proration_at is None:
        return now
    if not now - MAX_PREVIEW_AGE <= proration_at <= now:
        raise AmountChanged(Message("This was open for too long. Check the amount, then confirm."))
    return proration_at


def _release_schedule(held: StripeSubscription, gateway: Gateway) -> None:
    if held.schedule_id is not None:
        gateway.schedules.release(held.schedule_id)


def _price_on_sale(version: TierVersion, interval: Interval) -> str:
    price_id = version.stripe_price_id(interval)
    if version.is_free or price_id is None:
        raise TierNotForSale(Message("%(tier)s cannot be bought.", tier=version.tier.name))
    return price_id


def _terms(version: TierVersion, interval: Interval) -> Terms:
    return Terms(version.tier.slug, version.tier.rank, interval)


def _describe(
    row: UserSubscription,
    held: StripeSubscription,
    *,
    kind: ChangeKind,
    to: tuple[TierVersion, Interval],
    invoice: InvoicePreview | None,
    moment: datetime,
) -> ChangePreview:
    wanted, interval = to
    current_interval = row.interval or Interval.MONTH
    now_features = {feature.wording for feature in row.tier_version.features}
    then_features = {feature.wording for feature in wanted.features}
    price = wanted.price(interval)
    is_upgrade = kind == ChangeKind.UPGRADE
    # Stripe begins a new period where the interval moves.
    begins_anew = is_upgrade and interval != current_interval
    return ChangePreview(
        kind=kind,
        current=row.tier_version,
        current_interval=current_interval,
        wanted=wanted,
        wanted_interval=interval,
        invoice=invoice,
        due_now=invoice.amount_due if invoice else Money(0, price.currency),
        then=price,
        period_start=held.current_period_start,
        period_end=held.current_period_end,
        takes_effect_at=moment if is_upgrade else held.current_period_end,
        renews_at=add_months(moment, interval.months) if begins_anew else held.current_period_end,
        proration_at=moment,
        gained=tuple(sorted(then_features - now_features)),
        lost=tuple(sorted(now_features - then_features)),
    )
