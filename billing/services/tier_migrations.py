"""Moving subscribers to another version of their tier: they keep theirs until somebody does."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import structlog
from sqlalchemy import Select, func, select

from billing.database import db, transaction
from billing.domain.interval import Interval
from billing.errors import TierNotForSale, TierNotFound
from billing.gateway import Gateway
from billing.models import SubscriptionTier, TierVersion, User, UserSubscription
from billing.services import audit, quotas, subscriptions
from billing.services.audit import Who
from billing.services.users import lock_user

log = structlog.get_logger(__name__)


class When(StrEnum):
    """At once without a charge for the time that is paid, or when the paid period ends."""

    NOW = "now"
    RENEWAL = "renewal"


@dataclass(frozen=True, slots=True)
class Move:
    """What became of one subscriber; `why_not` says why one was left where they are."""

    user_id: int
    why_not: str | None = None


def migrate(
    tier_slug: str, *, to_version: int, when: When, actor: Who, gateway: Gateway
) -> Iterator[Move]:
    """Move every subscriber of the tier to one of its versions; again moves nobody twice.

    Who pays nothing is moved at once: nothing of theirs renews. Who has a change of plan waiting
    is left: their next terms are chosen already.

    Args:
        tier_slug: the tier; an archived one too.
        to_version: the number of the version to move to.
        when: for those who pay.
        actor: who does it, for the audit log.
        gateway: where Stripe is reached; no transaction may be open.

    Raises:
        TierNotFound: there is no such tier, or no such version of it.
        TierNotForSale: the version was not pushed to Stripe yet.
        GatewayUnavailable: Stripe did not answer; who was moved before stays moved.
    """
    target = _get_version(tier_slug, to_version)
    # All ids first: the moves commit, which ends a reading that goes on.
    for user_id in db.session.scalars(_subscribers_of_others(target)).all():
        yield _move(db.session.get_one(User, user_id), target, when, actor=actor, gateway=gateway)


def count_subscribers_of_others(tier_slug: str, version: int) -> int:
    """Return how many are on another version of the tier.

    Args:
        tier_slug: the tier.
        version: the number of the version that they are not on.

    Raises:
        TierNotFound: there is no such tier, or no such version of it.
    """
    subscribers = _subscribers_of_others(_get_version(tier_slug, version)).subquery()
    return db.session.scalar(select(func.count()).select_from(subscribers)) or 0


def _get_version(tier_slug: str, number: int) -> TierVersion:
    version = db.session.scalar(
        select(TierVersion)
        .join(SubscriptionTier)
        .where(SubscriptionTier.slug == tier_slug, TierVersion.version == number)
    )
    if version is None:
        raise TierNotFound(f"There is no version {number} of a plan {tier_slug}.")
    return version


def _subscribers_of_others(target: TierVersion) -> Select[int]:
    others = select(TierVersion.id).where(
        TierVersion.tier_id == target.tier_id, TierVersion.id != target.id
    )
    return (
        select(UserSubscription.user_id)
        .where(UserSubscription.tier_version_id.in_(others))
        .order_by(UserSubscription.user_id)
    )


def _move(user: User, target: TierVersion, when: When, *, actor: Who, gateway: Gateway) -> Move:
    row = user.subscription
    held = row.tier_version.version
    if not row.is_paid:
        _move_free(user, target)
    elif row.scheduled_at is not None:
        return Move(user.id, "a change of plan is waiting")
    else:
        _move_paid(row, target, when, gateway)
    with transaction() as session:
        audit.record(
            session,
            actor,
            "subscription.version_moved",
            subject=("user", user.id),
            before={"tier": target.tier.slug, "version": held},
            after={"tier": target.tier.slug, "version": target.version, "when": when},
        )
    log.info("subscription.version_moved", user_id=user.id, tier_version_id=target.id)
    return Move(user.id)


def _move_free(user: User, target: TierVersion) -> None:
    with transaction() as session:
        row = lock_user(session, user.id).subscription
        row.tier_version = target
        session.flush()
        quotas.follow_tier(
            user.id, tier_version=target, anchor=row.anchor, ends_at=row.complimentary_until
        )


def _move_paid(row: UserSubscription, target: TierVersion, when: When, gateway: Gateway) -> None:
    interval = Interval(row.interval or Interval.MONTH)
    price_id = target.stripe_price_id(interval)
    if price_id is None:
        raise TierNotForSale(
            f"Version {target.version} of {target.tier.name} is not at Stripe yet."
        )
    held = gateway.subscriptions.retrieve(row.stripe_subscription_id or "")
    if when == When.NOW:
        gateway.subscriptions.move_price(held, price_id)
    else:
        gateway.schedules.change_at_period_end(held, price_id, interval)
    subscriptions.apply(subscriptions.read(held.customer_id, gateway=gateway))
