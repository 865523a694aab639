"""The catalog in the database, brought in line with a document."""

from collections.abc import Mapping

import structlog
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from billing import clock
from billing.database import transaction
from billing.domain.catalog import CatalogDocument, TierEntry
from billing.domain.catalog_changes import Change, Subject, compare, order_features
from billing.models import Feature, SubscriptionTier, TierVersion, TokenPackage
from billing.observability.timing import log_service_operation
from billing.services import audit
from billing.services.audit import Who
from billing.services.catalog_state import read_state, read_tiers

log = structlog.get_logger(__name__)


def diff(document: CatalogDocument) -> list[Change]:
    """Return what `apply` would change; each change reads as a line of text."""
    return compare(read_state(), document)


def export() -> CatalogDocument:
    """Return what is on sale; applied again, it changes nothing."""
    return read_state().on_sale


@log_service_operation
def apply(document: CatalogDocument, *, actor: Who) -> list[Change]:
    """Make the database sell what the document says, in one transaction; joins an open one.

    A change of price, quota, trial or features makes a new version of the tier, which those who
    subscribe from now on get; whoever has a version keeps it. What the document leaves out is
    archived, except features.

    Args:
        document: the whole catalog.
        actor: who does it, for the audit log.

    Returns:
        What changed; nothing when the document was applied before.
    """
    with transaction() as session:
        wait_for_other_writers(session)
        state = read_state()
        changes = compare(state, document)
        features = _apply_features(session, document, order_features(state, document))
        tiers = _apply_tiers(session, document, features)
        packages = _apply_packages(session, document)
        session.flush()
        rows: dict[Subject, Mapping[str, Feature | SubscriptionTier | TokenPackage]] = {
            Subject.FEATURE: features,
            Subject.TIER: tiers,
            Subject.PACKAGE: packages,
        }
        for change in changes:
            audit.record(
                session,
                actor,
                f"catalog.{change.subject}_{change.verb}",
                subject=(change.subject, rows[change.subject][change.slug].id),
                before=change.was or None,
                after=change.became or None,
            )
    log.info("catalog.applied", changes=len(changes), actor=str(actor))
    return changes


def wait_for_other_writers(session: Session) -> None:
    """Take the catalog for this transaction: what is read then is what will be changed.

    Args:
        session: the session of the open transaction.
    """
    # SQLite has one writer at a time; on PostgreSQL two would both make the next version.
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("LOCK TABLE subscription_tiers IN SHARE ROW EXCLUSIVE MODE"))


def _apply_features(
    session: Session, document: CatalogDocument, order: list[str]
) -> dict[str, Feature]:
    features = {feature.key: feature for feature in session.scalars(select(Feature))}
    for key, entry in document.features.items():
        feature = features.setdefault(key, Feature(key=key))
        feature.name = entry.name
        feature.name_in = dict(entry.name_in)
        feature.is_metered = entry.metered
        feature.token_cost = entry.token_cost
    for position, key in enumerate(order):
        features[key].position = position
    session.add_all(features.values())
    return features


def _apply_tiers(
    session: Session, document: CatalogDocument, features: Mapping[str, Feature]
) -> dict[str, SubscriptionTier]:
    tiers = {tier.slug: tier for tier in read_tiers(session)}
    for slug, tier in tiers.items():
        is_wanted = slug in document.tiers
        tier.is_default = is_wanted and tier.is_default and document.tiers[slug].default
        if not is_wanted and tier.archived_at is None:
            tier.archived_at = clock.now()
    # The old default has to go before the new one comes: the index allows one.
    session.flush()

    for slug, entry in document.tiers.items():
        tier = tiers.setdefault(slug, SubscriptionTier(slug=slug))
        tier.name = entry.name
        tier.description = entry.description
        tier.description_in = dict(entry.description_in)
        tier.rank = entry.rank
        tier.is_default = entry.default
        tier.archived_at = None
        if not tier.versions or not _has_terms(tier, entry):
            tier.versions.append(_new_version(tier, entry, features))
    session.add_all(tiers.values())
    return tiers


def _has_terms(tier: SubscriptionTier, entry: TierEntry) -> bool:
    terms = tier.current_version
    keys = {feature.key for feature in terms.features}
    return keys == set(entry.features) and (
        terms.currency,
        terms.price_month_minor,
        terms.price_year_minor,
        terms.ai_requests_per_month,
        terms.trial_days,
    ) == (
        entry.currency,
        entry.price_month,
        entry.price_year,
        entry.ai_requests_per_month,
        entry.trial_days,
    )


def _new_version(
    tier: SubscriptionTier, entry: TierEntry, features: Mapping[str, Feature]
) -> TierVersion:
    return TierVersion(
        version=tier.current_version.version + 1 if tier.versions else 1,
        price_month_minor=entry.price_month,
        price_year_minor=entry.price_year,
        currency=entry.currency,
        ai_requests_per_month=entry.ai_requests_per_month,
        trial_days=entry.trial_days,
        features=[features[key] for key in entry.features],
    )


def _apply_packages(session: Session, document: CatalogDocument) -> dict[str, TokenPackage]:
    packages = {package.slug: package for package in session.scalars(select(TokenPackage))}
    for slug, package in packages.items():
        if slug not in document.packages and package.archived_at is None:
            package.archived_at = clock.now()
    for slug, entry in document.packages.items():
        package = packages.setdefault(slug, TokenPackage(slug=slug))
        if (package.price_minor, package.currency) != (entry.price, entry.currency):
            # Stripe's price stands for the old amount; the next push finds or makes the new one.
            package.stripe_price_id = None
        package.name = entry.name
        package.tokens = entry.tokens
        package.bonus_tokens = entry.bonus_tokens
        package.price_minor = entry.price
        package.currency = entry.currency
        package.expires_after_months = entry.expires_after_months
        package.archived_at = None
    session.add_all(packages.values())
    return packages
