"""The answers of the API: one model for each noun, filled from what the services return."""

from typing import Self

from pydantic import Field

from billing.domain.history import HistoryLine
from billing.domain.interval import Interval
from billing.domain.ledger import HoldState
from billing.domain.metering import Quota, Receipt
from billing.models import SubscriptionTier, TokenPackage, User, UserSubscription
from billing.services.holds import HeldRequest, Settlement
from billing.services.usage import TokenSummary, UsageSummary
from billing.web.api.documents import Document, Moment


class TierDocument(Document):
    """A tier on sale; prices are integers in the currency's smallest unit."""

    slug: str
    name: str
    description: str
    rank: int = Field(description="A higher rank is an upgrade.")
    is_default: bool = Field(description="Whether every new user starts on it.")
    currency: str
    price_month: int
    price_year: int
    ai_requests_per_month: int | None = Field(description="null: unlimited.")
    trial_days: int
    features: list[str]

    @classmethod
    def of(cls, tier: SubscriptionTier) -> Self:
        terms = tier.current_version
        return cls(
            slug=tier.slug,
            name=tier.name,
            description=tier.description,
            rank=tier.rank,
            is_default=tier.is_default,
            currency=terms.currency,
            price_month=terms.price_month_minor,
            price_year=terms.price_year_minor,
            ai_requests_per_month=terms.ai_requests_per_month,
            trial_days=terms.trial_days,
            features=[feature.key for feature in terms.features],
        )


class PackageDocument(Document):
    """A token package on sale; the price is an integer in the currency's smallest unit."""

    slug: str
    name: str
    tokens: int
    bonus_tokens: int
    currency: str
    price: int
    expires_after_months: int | None = Field(description="null: its tokens never expire.")

    @classmethod
    def of(cls, package: TokenPackage) -> Self:
        return cls(
            slug=package.slug,
            name=package.name,
            tokens=package.tokens,
            bonus_tokens=package.bonus_tokens,
            currency=package.currency,
            price=package.price_minor,
            expires_after_months=package.expires_after_months,
        )


class UserDocument(Document):
    """A user; the free subscription and the token balance came with it."""

    id: int = Field(description="Billhook's own id.")
    external_id: str | None = Field(description="The host's id of the user.")
    email: str
    tier: str
    created_at: Moment

    @classmethod
    def of(cls, user: User) -> Self:
        return cls(
            id=user.id,
            external_id=user.external_id,
            email=user.email,
            tier=user.subscription.tier.slug,
            created_at=user.created_at,
        )


class QuotaDocument(Document):
    """The AI requests of the current period; `limit` and `remaining` are null where unlimited."""

    limit: int | None
    used: int
    remaining: int | None
    resets_at: Moment

    @classmethod
    def of(cls, quota: Quota) -> Self:
        return cls(
            limit=quota.limit,
            used=quota.used,
            remaining=quota.remaining,
            resets_at=quota.resets_at,
        )


class TokensDocument(Document):
    """A user's tokens; `available` are those that no hold reserves."""

    balance: int
    held: int
    available: int
    debt: int = Field(description="Spent tokens whose payment was refunded: repaid first.")

    @classmethod
    def of(cls, tokens: TokenSummary) -> Self:
        return cls(
            balance=tokens.balance,
            held=tokens.held,
            available=tokens.available,
            debt=tokens.debt,
        )


class BalanceDocument(TokensDocument):
    """The token balance of a user."""

    user: str


class ReceiptDocument(Document):
    """What one AI request cost, and what was left after it."""

    id: str
    user: str
    feature: str
    quantity: int
    from_quota: int = Field(description="How many of the requests the quota paid.")
    from_tokens: int = Field(description="How many of the requests were paid in tokens.")
    tokens_charged: int
    quota: QuotaDocument
    token_balance: int
    created_at: Moment

    @classmethod
    def of(cls, receipt: Receipt) -> Self:
        return cls(
            id=receipt.id,
            user=receipt.user,
            feature=receipt.feature,
            quantity=receipt.quantity,
            from_quota=receipt.from_quota,
            from_tokens=receipt.from_tokens,
            tokens_charged=receipt.tokens_charged,
            quota=QuotaDocument.of(receipt.quota),
            token_balance=receipt.token_balance,
            created_at=receipt.created_at,
        )


class HoldDocument(Document):
    """What is reserved for work whose cost is known only at its end."""

    id: str
    user: str
    feature: str
    quantity: int
    from_quota: int = Field(description="How many of the requests the quota keeps free.")
    tokens: int = Field(description="How many tokens are kept.")
    expires_at: Moment = Field(description="When it gives itself back.")

    @classmethod
    def of(cls, held: HeldRequest, *, user: str) -> Self:
        return cls(
            id=held.id,
            user=user,
            feature=held.feature,
            quantity=held.quantity,
            from_quota=held.from_quota,
            tokens=held.tokens,
            expires_at=held.expires_at,
        )


class SettlementDocument(Document):
    """What a hold came to, and what was left after it."""

    id: str
    state: str = Field(description="settled, or released where nothing was used.")
    quantity: int
    from_quota: int
    from_tokens: int
    tokens_charged: int
    shortfall: int = Field(description="How many requests could not be charged.")
    quota: QuotaDocument
    token_balance: int
    receipts: list[ReceiptDocument]

    @classmethod
    def of(cls, settlement: Settlement, *, now: UsageSummary) -> Self:
        receipts = settlement.receipts
        return cls(
            id=settlement.hold,
            state=HoldState.SETTLED if settlement.quantity else HoldState.RELEASED,
            quantity=settlement.quantity,
            from_quota=sum(receipt.from_quota for receipt in receipts),
            from_tokens=sum(receipt.from_tokens for receipt in receipts),
            tokens_charged=sum(receipt.tokens_charged for receipt in receipts),
            shortfall=settlement.shortfall,
            quota=QuotaDocument.of(now.quota),
            token_balance=now.tokens.balance,
            receipts=[ReceiptDocument.of(receipt) for receipt in receipts],
        )


class TransactionDocument(Document):
    """One line of a user's history: an AI request, or tokens that came or went otherwise."""

    id: str
    kind: str = Field(
        description="ai_request, grant, expire, clawback, repay, restore, freeze, thaw or withdraw."
    )
    delta: int = Field(description="What it added to the balance less the debt.")
    balance_after: int
    reason: str | None
    feature: str | None
    quantity: int
    from_quota: int
    created_at: Moment

    @classmethod
    def of(cls, line: HistoryLine) -> Self:
        return cls(
            id=line.id,
            kind=line.kind,
            delta=line.delta,
            balance_after=line.balance_after,
            reason=line.reason,
            feature=line.feature,
            quantity=line.quantity,
            from_quota=line.from_quota,
            created_at=line.created_at,
        )


class ScheduledChangeDocument(Document):
    """A change of plan that waits for the end of the period."""

    tier: str
    interval: str
    at: Moment


class SubscriptionDocument(Document):
    """What the user is subscribed to; the free tier has no interval and no period."""

    user: str
    tier: str
    tier_name: str
    status: str = Field(description="Stripe's own word.")
    interval: str | None
    current_period_start: Moment | None
    current_period_end: Moment | None
    cancel_at_period_end: bool
    ends_at: Moment | None
    trial_end: Moment | None
    grace_until: Moment | None = Field(
        description="Until when an unpaid renewal leaves the features on."
    )
    scheduled_change: ScheduledChangeDocument | None

    @classmethod
    def of(cls, row: UserSubscription, *, user: str) -> Self:
        return cls(
            user=user,
            tier=row.tier.slug,
            tier_name=row.tier.name,
            status=row.status,
            interval=row.interval,
            current_period_start=row.current_period_start,
            current_period_end=row.current_period_end,
            cancel_at_period_end=row.cancel_at_period_end,
            ends_at=row.ends_at,
            trial_end=row.trial_end,
            grace_until=row.grace_until,
            scheduled_change=_scheduled(row),
        )


class UrlDocument(Document):
    """Where to send the person."""

    url: str


class FeatureDocument(Document):
    """Whether the user may use a feature, and why."""

    feature: str
    allowed: bool
    reason: str = Field(
        description="in_tier, not_in_tier, granted or withheld; the last two are of this user only."
    )
    name: str
    metered: bool = Field(description="Whether each use is an AI request.")
    token_cost: int = Field(description="What one request beyond the quota costs, in tokens.")


def _scheduled(row: UserSubscription) -> ScheduledChangeDocument | None:
    if row.scheduled_tier_version is None or row.scheduled_at is None:
        return None
    return ScheduledChangeDocument(
        tier=row.scheduled_tier_version.tier.slug,
        interval=row.scheduled_interval or Interval.MONTH,
        at=row.scheduled_at,
    )
