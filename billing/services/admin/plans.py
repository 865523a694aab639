"""Plans by an admin's hand: cancelled, kept, resumed; Stripe first, and then the audit log."""

from enum import StrEnum

from billing.database import transaction
from billing.errors import Member, NoSubscription
from billing.gateway import Gateway
from billing.messages import Message
from billing.models import User
from billing.observability.timing import log_service_operation
from billing.services import audit, catalog, plan_changes
from billing.services.audit import Actor


class CancelWhen(StrEnum):
    """When a plan ends that an admin cancels."""

    PERIOD_END = "period_end"
    NOW = "now"


@log_service_operation
def cancel(user: User, when: CancelWhen, *, reason: str, actor: Actor, gateway: Gateway) -> None:
    """End the user's paid plan.

    Args:
        user: whose.
        when: at once, or with the period that is paid; what is overdue always ends at once.
        reason: in the admin's own words.
        actor: who does it.
        gateway: where Stripe is reached; no transaction may be open.

    Raises:
        NoSubscription: the user has no paid plan.
        GatewayUnavailable: Stripe did not answer.
    """
    before = _facts(user)
    if when == CancelWhen.NOW:
        plan_changes.cancel_now(user, gateway=gateway)
    else:
        plan_changes.cancel(user, gateway=gateway)
    _record(user, "subscription.cancelled", before, reason=reason, actor=actor)


@log_service_operation
def resume(user: User, *, reason: str, actor: Actor, gateway: Gateway) -> None:
    """Undo a cancellation of the user's plan.

    Args:
        user: whose.
        reason: in the admin's own words.
        actor: who does it.
        gateway: where Stripe is reached; no transaction may be open.

    Raises:
        NoSubscription: the plan has ended already.
        GatewayUnavailable: Stripe did not answer.
    """
    before = _facts(user)
    plan_changes.resume(user, gateway=gateway)
    _record(user, "subscription.resumed", before, reason=reason, actor=actor)


def list_giveable() -> list[tuple[str, str]]:
    """Return slug and name of the tiers that can be given: those on sale that have a price."""
    tiers = catalog.list_tiers()
    return [(tier.slug, tier.name) for tier in tiers if not tier.current_version.is_free]


def require_paid(user: User) -> None:
    """Make sure that there is a plan to cancel.

    Args:
        user: whose.

    Raises:
        NoSubscription: there is none.
    """
    if not user.subscription.is_paid:
        raise NoSubscription(Message("The user pays for no plan."))


def _facts(user: User) -> dict[str, Member]:
    row = user.subscription
    return {
        "tier": row.tier.slug,
        "status": row.status,
        "ends_at": row.ends_at.isoformat() if row.ends_at else None,
        "stripe_subscription_id": row.stripe_subscription_id,
    }


def _record(
    user: User, action: str, before: dict[str, Member], *, reason: str, actor: Actor
) -> None:
    with transaction() as session:
        after, subject = _facts(user), ("user", user.id)
        audit.record(
            session, actor, action, subject=subject, before=before, after=after, reason=reason
        )
