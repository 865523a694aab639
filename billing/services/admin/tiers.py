"""Tiers at the desk: the list, the record of one with its versions, and moving subscribers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.orm import selectinload

from billing import clock
from billing.database import db
from billing.errors import TierNotFound
from billing.gateway import Gateway
from billing.messages import Message
from billing.models import Feature, SubscriptionTier, TierVersion, UserSubscription
from billing.observability.timing import log_service_operation
from billing.services import tier_migrations
from billing.services.admin.listing import Condition, Listing
from billing.services.audit import Actor
from billing.services.tier_migrations import When

PATIENCE = timedelta(seconds=20)
"""How long one request may move subscribers; who is left then is moved by the next."""


@dataclass(frozen=True, slots=True)
class Migration:
    """How many subscribers were moved, stay where they are, and were not reached in time."""

    moved: int
    kept: int
    left: int


def listing() -> Listing[SubscriptionTier]:
    """Describe the list of all tiers, archived ones too."""
    is_archived = SubscriptionTier.archived_at.is_not(None)
    return Listing(
        rows=select(SubscriptionTier),
        key=(SubscriptionTier.id,),
        moment=SubscriptionTier.created_at,
        options=(selectinload(SubscriptionTier.versions).selectinload(TierVersion.features),),
        search=_matches,
        sorts={"rank": SubscriptionTier.rank, "name": SubscriptionTier.name},
        choices={"state": {"on_sale": ~is_archived, "archived": is_archived}},
    )


def get(tier_id: int) -> SubscriptionTier:
    """Return the tier with its versions and their features.

    Raises:
        TierNotFound: there is no such tier.
    """
    tier = db.session.scalar(
        select(SubscriptionTier)
        .where(SubscriptionTier.id == tier_id)
        .options(selectinload(SubscriptionTier.versions).selectinload(TierVersion.features))
    )
    if tier is None:
        raise TierNotFound(Message("There is no such plan."))
    return tier


def get_by_slug(slug: str) -> SubscriptionTier:
    """Return the tier, on sale or archived.

    Raises:
        TierNotFound: there is no such tier.
    """
    tier_id = db.session.scalar(select(SubscriptionTier.id).where(SubscriptionTier.slug == slug))
    return get(tier_id or 0)


def list_features() -> Sequence[Feature]:
    """Return every feature that a tier can have, in the order of the pages."""
    return db.session.scalars(select(Feature).order_by(Feature.position, Feature.id)).all()


def count_subscribers() -> Mapping[int, int]:
    """Return how many subscribers each tier has, by its id; one statement."""
    counted = (
        select(TierVersion.tier_id, func.count())
        .join(UserSubscription, UserSubscription.tier_version_id == TierVersion.id)
        .group_by(TierVersion.tier_id)
    )
    return {row[0]: row[1] for row in db.session.execute(counted)}


@log_service_operation
def migrate(slug: str, *, to_version: int, when: When, gateway: Gateway, actor: Actor) -> Migration:
    """Move the tier's subscribers to one of its versions, as many as 20 seconds suffice for.

    Args:
        slug: of the tier.
        to_version: the number of the version.
        when: for those who pay.
        gateway: where Stripe is reached; no transaction may be open.
        actor: who asks for it.

    Raises:
        TierNotFound: there is no such tier, or no such version of it.
        TierNotForSale: the version was not pushed to Stripe yet.
        GatewayUnavailable: Stripe did not answer; who was moved before stays moved.
    """
    deadline, moved, kept = clock.now() + PATIENCE, 0, 0
    total = tier_migrations.count_subscribers_of_others(slug, to_version)
    moves = tier_migrations.migrate(
        slug, to_version=to_version, when=when, actor=actor, gateway=gateway
    )
    for move in moves:
        moved, kept = (moved + 1, kept) if move.why_not is None else (moved, kept + 1)
        if clock.now() >= deadline:
            break
    return Migration(moved, kept, total - moved - kept)


def _matches(text: str) -> Condition:
    return or_(
        SubscriptionTier.name.icontains(text, autoescape=True), SubscriptionTier.slug == text
    )
