"""The catalog in the database, read as the value that a file is."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from billing.database import db
from billing.domain.catalog import (
    CatalogDocument,
    CatalogState,
    FeatureEntry,
    PackageEntry,
    TierEntry,
)
from billing.models import Feature, SubscriptionTier, TierVersion, TokenPackage


def read_state() -> CatalogState:
    """Return all that the database holds, the archived entries too."""
    features = db.session.scalars(select(Feature).order_by(Feature.position, Feature.id)).all()
    tiers = read_tiers(db.session())
    packages = db.session.scalars(select(TokenPackage).order_by(TokenPackage.tokens)).all()
    return CatalogState(
        document=CatalogDocument(
            features={feature.key: _feature_entry(feature) for feature in features},
            tiers={tier.slug: _tier_entry(tier) for tier in tiers},
            packages={package.slug: _package_entry(package) for package in packages},
        ),
        archived_tiers=_archived(tiers),
        archived_packages=_archived(packages),
        tier_versions={tier.slug: tier.current_version.version for tier in tiers},
    )


def read_tiers(session: Session) -> list[SubscriptionTier]:
    """Return every tier by rank, with versions and features loaded."""
    features = selectinload(SubscriptionTier.versions).selectinload(TierVersion.features)
    tiers = select(SubscriptionTier).options(features).order_by(SubscriptionTier.rank)
    return list(session.scalars(tiers))


def _archived(rows: Iterable[SubscriptionTier | TokenPackage]) -> frozenset[str]:
    return frozenset(row.slug for row in rows if row.archived_at)


def _feature_entry(feature: Feature) -> FeatureEntry:
    return FeatureEntry(
        name=feature.name,
        name_in=feature.name_in,
        metered=feature.is_metered,
        token_cost=feature.token_cost,
    )


def _tier_entry(tier: SubscriptionTier) -> TierEntry:
    terms = tier.current_version
    return TierEntry(
        name=tier.name,
        description=tier.description,
        description_in=tier.description_in,
        rank=tier.rank,
        default=tier.is_default,
        currency=terms.currency,
        price_month=terms.price_month_minor,
        price_year=terms.price_year_minor,
        ai_requests_per_month=terms.ai_requests_per_month,
        trial_days=terms.trial_days,
        features=tuple(feature.key for feature in terms.features),
    )


def _package_entry(package: TokenPackage) -> PackageEntry:
    return PackageEntry(
        name=package.name,
        tokens=package.tokens,
        bonus_tokens=package.bonus_tokens,
        currency=package.currency,
        price=package.price_minor,
        expires_after_months=package.expires_after_months,
    )
