"""The catalog as people see it: what is on sale; and the door to loading and pushing it."""

from collections.abc import Sequence

import structlog
from sqlalchemy import Select, select
from sqlalchemy.orm import selectinload

from billing.database import db
from billing.domain.catalog_fields import SLUG
from billing.errors import NoCatalog, PackageNotFound, TierNotFound
from billing.messages import Message
from billing.models import SubscriptionTier, TierVersion, TokenPackage
from billing.services.catalog_push import push
from billing.services.catalog_sync import apply, diff, export

__all__ = [
    "apply",
    "diff",
    "export",
    "find_version_at_price",
    "get_default_tier",
    "get_package",
    "get_tier",
    "list_packages",
    "list_tiers",
    "push",
]

log = structlog.get_logger(__name__)


def list_tiers() -> Sequence[SubscriptionTier]:
    """Return the tiers on sale, cheapest rank first, with versions and features loaded."""
    return db.session.scalars(_tiers_on_sale().order_by(SubscriptionTier.rank)).all()


def get_tier(slug: str) -> SubscriptionTier:
    """Return the tier on sale under the slug.

    Raises:
        TierNotFound: there is none, or it is archived.
    """
    tier = None
    if SLUG.fullmatch(slug):
        tier = db.session.scalar(_tiers_on_sale().where(SubscriptionTier.slug == slug))
    if tier is None:
        log.warning("catalog.tier_not_found", slug=slug[:64])
        raise TierNotFound(Message("There is no plan on sale under this name."), tier=slug[:64])
    return tier


def get_default_tier() -> SubscriptionTier:
    """Return the free tier that every new user starts on.

    Raises:
        NoCatalog: no catalog was applied yet.
    """
    tier = db.session.scalar(_tiers_on_sale().where(SubscriptionTier.is_default))
    if tier is None:
        log.error("catalog.no_default_tier")
        raise NoCatalog(
            "There is no default plan yet: load a catalog with `flask billing catalog apply FILE`."
        )
    return tier


def list_packages() -> Sequence[TokenPackage]:
    """Return the token packages on sale, smallest first."""
    packages = select(TokenPackage).where(TokenPackage.archived_at.is_(None))
    return db.session.scalars(packages.order_by(TokenPackage.tokens, TokenPackage.slug)).all()


def get_package(slug: str) -> TokenPackage:
    """Return the token package on sale under the slug.

    Raises:
        PackageNotFound: there is none, or it is archived.
    """
    package = None
    if SLUG.fullmatch(slug):
        on_sale = select(TokenPackage).where(TokenPackage.archived_at.is_(None))
        package = db.session.scalar(on_sale.where(TokenPackage.slug == slug))
    if package is None:
        log.warning("catalog.package_not_found", slug=slug[:64])
        raise PackageNotFound(
            Message("There is no token package on sale under this name."), package=slug[:64]
        )
    return package


def find_version_at_price(stripe_price_id: str | None) -> TierVersion | None:
    """Return the terms that Stripe charges for at the price, None where they are none of ours.

    Args:
        stripe_price_id: of a subscription; None where nothing was ever bought.
    """
    if stripe_price_id is None:
        return None
    return db.session.scalar(
        select(TierVersion).where(
            (TierVersion.stripe_price_month_id == stripe_price_id)
            | (TierVersion.stripe_price_year_id == stripe_price_id)
        )
    )


def _tiers_on_sale() -> Select[SubscriptionTier]:
    versions = selectinload(SubscriptionTier.versions)
    return (
        select(SubscriptionTier)
        .where(SubscriptionTier.archived_at.is_(None))
        .options(versions.selectinload(TierVersion.features))
    )
