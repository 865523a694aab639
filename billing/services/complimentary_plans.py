"""Complimentary plans: a tier that an admin gives for a while to somebody who pays for none."""

from datetime import datetime

import structlog
from sqlalchemy import select

from billing import clock
from billing.database import db, transaction
from billing.errors import Conflict, InvalidInput, NothingToChange
from billing.messages import Message
from billing.models import TierVersion, User, UserSubscription
from billing.observability.timing import log_service_operation
from billing.services import audit, catalog, provisioning, quotas
from billing.services.audit import Actor
from billing.services.users import lock_user

log = structlog.get_logger(__name__)


@log_service_operation
def give(user: User, tier_slug: str, *, until: datetime, reason: str, actor: Actor) -> None:
    """Put the user on a tier until a moment; what they buy later takes its place.

    The rights end by themselves at that moment, and the subscription says so when somebody looks,
    or the worker does.

    Args:
        user: who pays for no plan.
        tier_slug: a paid tier on sale.
        until: when it ends, aware UTC.
        reason: in the admin's own words.
        actor: who gives it.

    Raises:
        Conflict: the user pays for a plan, which Stripe would put back.
        InvalidInput: the tier is free, or the moment has passed.
        TierNotFound: no tier on sale has this slug.
    """
    version = catalog.get_tier(tier_slug).current_version
    if version.is_free:
        raise InvalidInput(
            Message("Check the field."), errors={"tier": Message("Choose a plan that has a price")}
        )
    if until <= clock.now():
        raise InvalidInput(
            Message("Check the field."), errors={"until": Message("Choose a day in the future")}
        )
    provisioning.ensure(user)
    with transaction() as session:
        row = lock_user(session, user.id).subscription
        if row.is_paid:
            raise Conflict(Message("The user pays for a plan. Cancel it first."))
        before = _facts(user)
        _put(user, version, until)
        audit.record(
            session,
            actor,
            "subscription.complimentary_given",
            subject=("user", user.id),
            before=before,
            after=_facts(user),
            reason=reason,
        )


@log_service_operation
def take(user: User, *, reason: str, actor: Actor) -> None:
    """End a plan that was given, now.

    Args:
        user: who has it.
        reason: in the admin's own words.
        actor: who ends it.

    Raises:
        NothingToChange: the user has none.
    """
    with transaction() as session:
        row = lock_user(session, user.id).subscription
        if row.complimentary_until is None:
            raise NothingToChange(Message("The user has no complimentary plan."))
        before = _facts(user)
        _put(user, catalog.get_default_tier().current_version, None)
        audit.record(
            session,
            actor,
            "subscription.complimentary_taken",
            subject=("user", user.id),
            before=before,
            after=_facts(user),
            reason=reason,
        )


@log_service_operation
def end_if_over(user: User) -> None:
    """Say so where a plan that was given has ended.

    Args:
        user: a stored user.
    """
    if not user.subscription.is_complimentary_over(clock.now()):
        return
    with transaction() as session:
        row = lock_user(session, user.id).subscription
        if row.is_complimentary_over(clock.now()):
            _put(user, catalog.get_default_tier().current_version, None)
            log.info("subscription.complimentary_ended", user_id=user.id)


def end_overdue() -> int:
    """End every plan that was given and is over, for the worker; returns how many it were."""
    over = select(UserSubscription).where(UserSubscription.complimentary_until <= clock.now())
    users = [row.user for row in db.session.scalars(over)]
    for user in users:
        end_if_over(user)
    return len(users)


def _put(user: User, version: TierVersion, until: datetime | None) -> None:
    row = user.subscription
    row.tier_version, row.complimentary_until = version, until
    quotas.follow_tier(user.id, tier_version=version, anchor=row.anchor, ends_at=until)


def _facts(user: User) -> dict[str, str | None]:
    row = user.subscription
    until = row.complimentary_until
    return {"tier": row.tier.slug, "until": until.isoformat() if until else None}
