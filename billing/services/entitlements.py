"""Entitlements: what the user's tier includes, then what an override gives or takes."""

from dataclasses import dataclass

import structlog
from sqlalchemy import bindparam, text

from billing import clock
from billing.database import UtcDateTime, db
from billing.models import User
from billing.observability import metrics
from billing.observability.timing import log_service_operation
from billing.services import provisioning
from billing.services.identity import id_of

log = structlog.get_logger(__name__)

ALLOWED, REFUSED, UNKNOWN = (
    metrics.FEATURE_CHECKS.labels(result) for result in ("allowed", "refused", "unknown")
)

RIGHT = text(
    """
    SELECT f.id, f.token_cost, f.is_metered, b.user_id IS NOT NULL,
        coalesce(
            (SELECT o.is_allowed FROM feature_overrides AS o
             WHERE o.user_id = :user_id AND o.feature_id = f.id
                AND (o.expires_at IS NULL OR o.expires_at > :now)),
            EXISTS (SELECT 1 FROM tier_version_features AS t
                    WHERE t.tier_version_id = b.tier_version_id AND t.feature_id = f.id)
        )
    FROM features AS f LEFT JOIN user_token_balances AS b ON b.user_id = :user_id
    WHERE f.key = :feature_key
    """
).bindparams(bindparam("now", type_=UtcDateTime()))


@dataclass(frozen=True, slots=True)
class Right:
    """A feature, and whether one user may use it."""

    feature_id: int
    token_cost: int
    is_metered: bool
    is_provisioned: bool
    is_allowed: bool


@log_service_operation
def can_access_feature(user: User | None, feature_key: str) -> bool:
    """Say whether the user may use the feature; one query.

    Args:
        user: who asks; nobody and an anonymous visitor may use nothing.
        feature_key: an unknown one is False, and a warning in the log.
    """
    if user is None or not user.is_authenticated:
        return False
    user_id = id_of(user)
    right = find_right(user_id, feature_key)
    if right is None:
        log.warning("feature.unknown", user_id=user_id, feature=feature_key[:64])
        UNKNOWN.inc()
        return False
    if not right.is_provisioned:
        provisioning.ensure(db.session.get_one(User, user_id))
        right = find_right(user_id, feature_key)
    is_allowed = right is not None and right.is_allowed
    (ALLOWED if is_allowed else REFUSED).inc()
    return is_allowed


def find_right(user_id: int, feature_key: str) -> Right | None:
    """Return the feature and the user's right to it, None where there is no such feature.

    Args:
        user_id: ours.
        feature_key: as the catalog has it.
    """
    parameters = {"user_id": user_id, "feature_key": feature_key, "now": clock.now()}
    row = db.session.execute(RIGHT, parameters).one_or_none()
    if row is None:
        return None
    feature_id, token_cost, *answers = row
    return Right(feature_id, token_cost, *map(bool, answers))
