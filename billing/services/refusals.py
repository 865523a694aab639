"""Refusals: why an AI request was not recorded, kept with the numbers of that moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from billing.database import db
from billing.domain.metering import Quota
from billing.domain.moments import rfc3339
from billing.errors import (
    BillingError,
    FeatureNotInTier,
    InsufficientTokens,
    InvalidInput,
    UnknownFeature,
)
from billing.models import AiRefusal, UserTokenBalance
from billing.observability import decisions
from billing.services import entitlements

log = structlog.get_logger(__name__)

MAX_FEATURE_KEY_LENGTH = 64


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a user stood when a request came."""

    user_id: int
    tier_version_id: int
    quota: Quota
    balance: int
    held: int

    @classmethod
    def of(cls, row: UserTokenBalance) -> Self:
        """Return where the user of this row stands."""
        return cls(row.user_id, row.tier_version_id, row.quota, row.balance, row.held)


@dataclass(frozen=True, slots=True)
class Refused:
    """The error for the caller, and the row that keeps it; a mistake in the call has none."""

    error: BillingError
    row: AiRefusal | None


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
    refused = decide(Standing.of(balance), feature_key=feature_key, quantity=quantity)
    keep(session, [refused])
    return refused.error


def decide(standing: Standing, *, feature_key: str, quantity: int) -> Refused:
    """Return why the user cannot have what was asked, and count it.

    Args:
        standing: what the user had.
        feature_key: what was asked for.
        quantity: how many requests.
    """
    refused = _decide(standing, feature_key=feature_key, quantity=quantity)
    decisions.count(refused.error)
    return refused


def _decide(standing: Standing, *, feature_key: str, quantity: int) -> Refused:
    right = entitlements.find_right(standing.user_id, feature_key)
    if right is None:
        return Refused(_unknown(standing.user_id, feature_key), None)
    required = (quantity - standing.quota.covers(quantity)) * right.token_cost
    if not right.is_allowed:
        error: BillingError = FeatureNotInTier(
            f"Your plan does not include {feature_key!r}.", feature=feature_key
        )
    elif not right.is_metered:
        error = InvalidInput("This feature is not metered: there is nothing to record.")
        return Refused(error, None)
    else:
        error = _insufficient(standing, feature_key=feature_key, required=required)
    row = AiRefusal(
        user_id=standing.user_id,
        tier_version_id=standing.tier_version_id,
        feature_key=feature_key,
        quantity=quantity,
        code=error.code,
        quota_limit=standing.quota.limit,
        quota_used=standing.quota.used,
        quota_held=standing.quota.held,
        resets_at=standing.quota.resets_at,
        balance=standing.balance,
        held=standing.held,
        required=required,
    )
    return Refused(error, row)


def keep(session: Session, refused: Sequence[Refused]) -> None:
    """Store the refusals, tell each error its row, and log them.

    Args:
        session: the session of the open transaction.
        refused: from `decide`.
    """
    session.add_all(each.row for each in refused if each.row is not None)
    session.flush()  # the errors name the rows
    for each in refused:
        if each.row is not None:
            each.error.members["refusal"] = each.row.reference
            log.info(
                "ai_request.refused",
                user_id=each.row.user_id,
                quantity=each.row.quantity,
                code=each.error.code,
                **each.error.members,
            )


def _unknown(user_id: int, feature_key: str) -> UnknownFeature:
    known_part = feature_key[:MAX_FEATURE_KEY_LENGTH]
    log.warning("feature.unknown", user_id=user_id, feature=known_part)
    return UnknownFeature(f"There is no feature called {known_part!r}.", feature=known_part)


def _insufficient(standing: Standing, *, feature_key: str, required: int) -> InsufficientTokens:
    available = standing.balance - standing.held
    return InsufficientTokens(
        f"This needs {required} tokens beyond the quota, and {available} are available.",
        feature=feature_key,
        quota_used=standing.quota.used,
        quota_limit=standing.quota.limit,
        resets_at=rfc3339(standing.quota.resets_at),
        balance=standing.balance,
        held=standing.held,
        required=required,
    )


def list_by_user(user_id: int, *, before: int | None = None, limit: int) -> list[AiRefusal]:
    """Return the user's refused requests, newest first.

    Args:
        user_id: ours.
        before: the id of the last one seen; None for the newest.
        limit: how many at the most.
    """
    rows = select(AiRefusal).where(AiRefusal.user_id == user_id)
    rows = rows.options(joinedload(AiRefusal.feature))
    if before is not None:
        rows = rows.where(AiRefusal.id < before)
    return list(db.session.scalars(rows.order_by(AiRefusal.id.desc()).limit(limit)))
