"""Refusals: why an AI request was not recorded, kept with the numbers of that moment."""

import structlog
from sqlalchemy.orm import Session

from billing.errors import (
    BillingError,
    FeatureNotInTier,
    InsufficientTokens,
    InvalidInput,
    UnknownFeature,
)
from billing.models import AiRefusal, UserTokenBalance
from billing.services import entitlements

log = structlog.get_logger(__name__)

MAX_FEATURE_KEY_LENGTH = 64


def refuse(
    session: Session, balance: UserTokenBalance, *, feature_key: str, quantity: int
) -> BillingError:
    """Return the reason for which the user cannot have what was asked, logged and kept.

    Args:
        session: the session of the open transaction.
        balance: the locked row, up to date; it did not suffice, or the right is missing.
        feature_key: what was asked for.
        quantity: how many requests.
    """
    right = entitlements.find_right(balance.user_id, feature_key)
    if right is None:
        return _unknown(balance.user_id, feature_key)
    quota = balance.quota
    required = (quantity - quota.covers(quantity)) * right.token_cost
    if not right.is_allowed:
        error: BillingError = FeatureNotInTier(
            f"Your plan does not include {feature_key!r}.", feature=feature_key
        )
    elif not right.is_metered:
        return InvalidInput("This feature is not metered: there is nothing to record.")
    else:
        error = _insufficient(balance, feature_key=feature_key, required=required)
    refusal = AiRefusal(
        user_id=balance.user_id,
        tier_version_id=balance.tier_version_id,
        feature_key=feature_key,
        quantity=quantity,
        code=error.code,
        quota_limit=quota.limit,
        quota_used=quota.used,
        quota_held=quota.held,
        resets_at=quota.resets_at,
        balance=balance.balance,
        held=balance.held,
        required=required,
    )
    session.add(refusal)
    session.flush()  # the error names the row
    error.members["refusal"] = refusal.reference
    log.info(
        "ai_request.refused",
        user_id=balance.user_id,
        quantity=quantity,
        code=error.code,
        **error.members,
    )
    return error


def _unknown(user_id: int, feature_key: str) -> UnknownFeature:
    known_part = feature_key[:MAX_FEATURE_KEY_LENGTH]
    log.warning("feature.unknown", user_id=user_id, feature=known_part)
    return UnknownFeature(f"There is no feature called {known_part!r}.", feature=known_part)


def _insufficient(
    balance: UserTokenBalance, *, feature_key: str, required: int
) -> InsufficientTokens:
    quota = balance.quota
    return InsufficientTokens(
        f"This needs {required} tokens beyond the quota, and {balance.available} are available.",
        feature=feature_key,
        quota_used=quota.used,
        quota_limit=quota.limit,
        resets_at=quota.resets_at.isoformat(),
        balance=balance.balance,
        held=balance.held,
        required=required,
    )
