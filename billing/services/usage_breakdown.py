"""Usage by feature and by day: the sums kept by day, and the few requests that lie above them."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import JSON, Date, bindparam, text

from billing.database import UtcDateTime, db
from billing.messages import Wording
from billing.models import UserTokenBalance
from billing.services import due
from billing.services.identity import AnyUser, id_of
from billing.services.usage_rollup import UTC_DAY

BY_DAY_AND_FEATURE = """
SELECT s.day, f.key, f.name, f.name_in,
    sum(s.quantity) AS quantity, sum(s.from_quota) AS from_quota, sum(s.tokens) AS tokens
FROM (
    SELECT day, feature_id, quantity, from_quota, tokens_charged AS tokens
    FROM usage_days WHERE user_id = :user_id AND period_start = :period_start
    UNION ALL
    SELECT {utc_day}, feature_id, quantity, from_quota, tokens_charged
    FROM ai_requests
    WHERE user_id = :user_id AND entry > :rolled_up AND period_start = :period_start
) AS s JOIN features AS f ON f.id = s.feature_id
GROUP BY s.day, f.id ORDER BY s.day, f.key
"""


@dataclass(frozen=True, slots=True)
class DayUsage:
    """What one feature was used for on one UTC day of the current period."""

    day: date
    feature: str
    feature_name: Wording
    quantity: int
    from_quota: int
    tokens_charged: int


@dataclass(frozen=True, slots=True)
class FeatureUsage:
    """What one feature was used for in the current period."""

    feature: str
    feature_name: Wording
    quantity: int
    from_quota: int
    tokens_charged: int


def by_day(user: AnyUser, *, period_start: datetime | None = None) -> list[DayUsage]:
    """Return a period's usage by UTC day and feature, oldest first.

    Args:
        user: a stored user.
        period_start: of a period that the caller has read; None for the current one.
    """
    session, user_id = db.session(), id_of(user)
    if period_start is None:
        balance = due.read_current(user_id)
    else:
        balance = session.get_one(UserTokenBalance, user_id)
    statement = BY_DAY_AND_FEATURE.format(utc_day=UTC_DAY[session.get_bind().dialect.name])
    summed = (
        text(statement)
        .columns(day=Date, name_in=JSON)
        .bindparams(
            user_id=balance.user_id,
            rolled_up=balance.rolled_up,
        )
    )
    start = period_start or balance.period_start
    typed = summed.bindparams(bindparam("period_start", start, type_=UtcDateTime()))
    return [
        DayUsage(day, key, Wording(name, name_in), int(quantity), int(from_quota), int(tokens))
        for day, key, name, name_in, quantity, from_quota, tokens in session.execute(typed)
    ]


def by_feature(user: AnyUser) -> list[FeatureUsage]:
    """Return the current period's usage by feature, the most used first.

    Args:
        user: a stored user.
    """
    sums: dict[str, FeatureUsage] = {}
    for day in by_day(user):
        known = sums.get(day.feature, FeatureUsage(day.feature, day.feature_name, 0, 0, 0))
        sums[day.feature] = FeatureUsage(
            feature=day.feature,
            feature_name=day.feature_name,
            quantity=known.quantity + day.quantity,
            from_quota=known.from_quota + day.from_quota,
            tokens_charged=known.tokens_charged + day.tokens_charged,
        )
    return sorted(sums.values(), key=lambda usage: usage.quantity, reverse=True)
