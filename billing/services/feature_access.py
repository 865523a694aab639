"""Feature access with its reason: what a host shows to a user who may not use something."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import structlog
from sqlalchemy import Select, and_, exists, or_, select

from billing import clock
from billing.database import db
from billing.errors import UnknownFeature
from billing.models import Feature, FeatureOverride, User
from billing.models.catalog import tier_version_features
from billing.observability.timing import log_service_operation
from billing.services import entitlements, provisioning

log = structlog.get_logger(__name__)

MAX_KEY_LENGTH = 64


class AccessReason(StrEnum):
    """Why a user may use a feature, or may not; an override of the user wins over the tier."""

    IN_TIER = "in_tier"
    NOT_IN_TIER = "not_in_tier"
    GRANTED = "granted"
    WITHHELD = "withheld"


@dataclass(frozen=True, slots=True)
class FeatureAccess:
    """One feature, and whether one user may use it."""

    feature: Feature
    allowed: bool
    reason: AccessReason


def list_access(user: User) -> Sequence[FeatureAccess]:
    """Return every feature of the catalog, in its order; one query.

    Args:
        user: who asks.
    """
    provisioning.ensure(user)
    rows = db.session.execute(_access_of(user).order_by(Feature.position, Feature.key)).all()
    return [_read(*row) for row in rows]


@log_service_operation
def get_access(user: User, feature_key: str) -> FeatureAccess:
    """Return whether the user may use the feature.

    Args:
        user: who asks.
        feature_key: as the catalog has it.

    Raises:
        UnknownFeature: there is no such feature.
    """
    provisioning.ensure(user)
    key = feature_key[: MAX_KEY_LENGTH + 1]
    row = None
    if key.isprintable():
        row = db.session.execute(_access_of(user).where(Feature.key == key)).one_or_none()
    if row is None:
        known_part = key[:MAX_KEY_LENGTH]
        entitlements.UNKNOWN.inc()
        log.warning("feature.unknown", user_id=user.id, feature=known_part)
        raise UnknownFeature(f"There is no feature called {known_part!r}.", feature=known_part)
    access = _read(*row)
    (entitlements.ALLOWED if access.allowed else entitlements.REFUSED).inc()
    return access


def _access_of(user: User) -> Select[Feature, bool | None, bool]:
    in_tier = exists().where(
        tier_version_features.c.tier_version_id == user.token_balance.tier_version_id,
        tier_version_features.c.feature_id == Feature.id,
    )
    is_current = or_(FeatureOverride.expires_at.is_(None), FeatureOverride.expires_at > clock.now())
    override = and_(
        FeatureOverride.feature_id == Feature.id, FeatureOverride.user_id == user.id, is_current
    )
    return select(Feature, FeatureOverride.is_allowed, in_tier).outerjoin(FeatureOverride, override)


def _read(feature: Feature, override: bool | None, in_tier: bool) -> FeatureAccess:  # noqa: FBT001
    if override is not None:
        reason = AccessReason.GRANTED if override else AccessReason.WITHHELD
        return FeatureAccess(feature, override, reason)
    reason = AccessReason.IN_TIER if in_tier else AccessReason.NOT_IN_TIER
    return FeatureAccess(feature, in_tier, reason)
