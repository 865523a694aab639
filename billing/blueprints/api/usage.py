"""Usage: where quota and tokens stand."""

from pydantic import Field

from billing.blueprints.api.documents import QuotaDocument, TokensDocument
from billing.errors import AccountInactive, UserNotFound
from billing.services import usage
from billing.services.usage import FeatureUsage
from billing.web.api.call import Call
from billing.web.api.declaration import Section
from billing.web.api.documents import Document, Moment, UserQuery

section = Section("Usage")


class FeatureUsageDocument(Document):
    """What one feature took in the current period."""

    feature: str
    quantity: int
    from_quota: int
    tokens_charged: int


class UsageDocument(Document):
    """Where a user stands in the current period."""

    user: str
    quota: QuotaDocument
    period_start: Moment
    tokens: TokensDocument
    by_feature: list[FeatureUsageDocument] = Field(description="Of the current period.")


@section.get("/usage", raises=(UserNotFound, AccountInactive))
def get_usage(call: Call, query: UserQuery) -> UsageDocument:  # noqa: ARG001
    """Return the quota, the tokens, and what the requests of the period went on."""
    user = call.stand_in()
    summary = usage.summary(user)
    return UsageDocument(
        user=call.user_reference,
        quota=QuotaDocument.of(summary.quota),
        period_start=summary.period_start,
        tokens=TokensDocument.of(summary.tokens),
        by_feature=[_used(feature) for feature in usage.by_feature(user)],
    )


def _used(used: FeatureUsage) -> FeatureUsageDocument:
    return FeatureUsageDocument(
        feature=used.feature,
        quantity=used.quantity,
        from_quota=used.from_quota,
        tokens_charged=used.tokens_charged,
    )
