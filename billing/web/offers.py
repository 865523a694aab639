"""What the pricing page offers to the person who looks at it: one label and one action a card."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from billing.domain.interval import Interval
from billing.domain.money import Money
from billing.models import Feature, SubscriptionTier, TierVersion, TokenPackage, UserSubscription
from billing.web.language import translate
from billing.web.plan_state import PlanState, plan_state

MONTHS = 12


class Scenario(StrEnum):
    """What a tier is to the person."""

    JOIN = "join"
    CHOOSE = "choose"
    TRY = "try"
    CURRENT = "current"
    KEEP = "keep"
    MEND = "mend"
    UPGRADE = "upgrade"
    DOWNGRADE = "downgrade"
    LEAVE = "leave"
    SCHEDULED = "scheduled"
    INCLUDED = "included"
    UNAVAILABLE = "unavailable"
    PREVIEW = "preview"


@dataclass(frozen=True, slots=True)
class TierOffer:
    """One card of the pricing page."""

    slug: str
    name: str
    description: str
    monthly: Money
    yearly: Money
    requests: int | None
    trial_days: int
    includes: str | None
    features: tuple[str, ...]
    scenario: Scenario
    is_highlighted: bool
    paid_by: Interval | None = None
    starts_at: datetime | None = None

    @property
    def is_free(self) -> bool:
        return self.monthly.amount_minor == 0 and self.yearly.amount_minor == 0

    @property
    def can_be_bought(self) -> bool:
        """Whether the person can go to checkout for it now."""
        return self.scenario in {Scenario.CHOOSE, Scenario.TRY}

    @property
    def yearly_by_month(self) -> Money:
        """A twelfth of the yearly price, rounded up: the card never promises less than is due."""
        return Money(-(-self.yearly.amount_minor // MONTHS), self.yearly.currency)

    @property
    def yearly_saving(self) -> Money:
        """What a year costs less than twelve months."""
        return self.monthly * MONTHS - self.yearly

    @property
    def is_cheaper_by_year(self) -> bool:
        return self.yearly_saving.amount_minor > 0


@dataclass(frozen=True, slots=True)
class PackageOffer:
    """One token package of the pricing page."""

    slug: str
    tokens: int
    bonus_tokens: int
    price: Money
    expires_after_months: int | None
    is_for_sale: bool

    @property
    def tokens_in_all(self) -> int:
        return self.tokens + self.bonus_tokens


@dataclass(frozen=True, slots=True)
class ComparisonRow:
    """One feature across the tiers; `token_cost` is None where it is access only."""

    name: str
    token_cost: int | None
    is_included: tuple[bool, ...]


def tier_offers(
    tiers: Sequence[SubscriptionTier], subscription: UserSubscription | None, *, chosen: str = ""
) -> list[TierOffer]:
    """Return a card for each tier.

    Args:
        tiers: on sale, cheapest first.
        subscription: of the person; None for a visitor.
        chosen: the slug that the person picked before logging in.
    """
    highlighted = _highlighted(tiers, subscription, chosen)
    offers = []
    below: TierVersion | None = None
    for tier in tiers:
        version = tier.current_version
        includes, features = _features_beyond(version, below)
        offers.append(
            TierOffer(
                slug=tier.slug,
                name=tier.name,
                description=translate(tier.wording),
                monthly=version.price(Interval.MONTH),
                yearly=version.price(Interval.YEAR),
                requests=version.ai_requests_per_month,
                trial_days=version.trial_days,
                includes=includes,
                features=features,
                scenario=_scenario(tier, subscription),
                is_highlighted=tier.slug == highlighted,
                paid_by=subscription.interval if subscription and not version.is_free else None,
                starts_at=_starts_at(tier, subscription),
            )
        )
        below = version
    return offers


def package_offers(packages: Sequence[TokenPackage]) -> list[PackageOffer]:
    """Return a card for each token package."""
    return [
        PackageOffer(
            slug=package.slug,
            tokens=package.tokens,
            bonus_tokens=package.bonus_tokens,
            price=package.price,
            expires_after_months=package.expires_after_months,
            is_for_sale=package.stripe_price_id is not None,
        )
        for package in packages
    ]


def comparison(tiers: Sequence[SubscriptionTier]) -> list[ComparisonRow]:
    """Return a row for each feature that any tier has, in the catalog's order."""
    versions = [tier.current_version for tier in tiers]
    by_key: dict[str, Feature] = {
        feature.key: feature for version in versions for feature in version.features
    }
    return [
        ComparisonRow(
            name=translate(feature.wording),
            token_cost=feature.token_cost if feature.is_metered else None,
            is_included=tuple(feature in version.features for version in versions),
        )
        for feature in sorted(by_key.values(), key=lambda feature: feature.position)
    ]


def yearly_savings_percent(offers: Sequence[TierOffer]) -> int:
    """Return the largest saving of a year over twelve months, in whole percent rounded down."""
    return max(
        (
            100 * offer.yearly_saving.amount_minor // (offer.monthly.amount_minor * MONTHS)
            for offer in offers
            if offer.is_cheaper_by_year
        ),
        default=0,
    )


def shows_yearly(asked: str | None, subscription: UserSubscription | None) -> bool:
    """Return whether the yearly prices show first: as asked for, else as the person pays."""
    paid_by = subscription.interval if subscription else None
    return (asked or paid_by) == Interval.YEAR


def _features_beyond(
    version: TierVersion, below: TierVersion | None
) -> tuple[str | None, tuple[str, ...]]:
    """Return which tier is contained in full, and the features on top of it."""
    if below is None or not below.features or not set(below.features) <= set(version.features):
        return None, tuple(translate(feature.wording) for feature in version.features)
    more = [feature for feature in version.features if feature not in below.features]
    return below.tier.name, tuple(translate(feature.wording) for feature in more)


def _highlighted(
    tiers: Sequence[SubscriptionTier], subscription: UserSubscription | None, chosen: str
) -> str | None:
    slugs = [tier.slug for tier in tiers]
    if chosen in slugs:
        return chosen
    paid = [tier for tier in tiers if not tier.current_version.is_free]
    if subscription is not None and subscription.is_paid:
        higher = [tier.slug for tier in paid if tier.rank > subscription.tier.rank]
        return higher[0] if higher else None
    return paid[len(paid) // 2].slug if paid else None


def _scenario(tier: SubscriptionTier, subscription: UserSubscription | None) -> Scenario:
    version = tier.current_version
    is_for_sale = version.is_free or all(version.stripe_price_id(each) for each in Interval)
    if subscription is None:
        return Scenario.JOIN if is_for_sale else Scenario.UNAVAILABLE
    if subscription.tier.id == tier.id:
        return Scenario.CURRENT if version.is_free else _scenario_of_current(subscription)
    if not is_for_sale:
        return Scenario.UNAVAILABLE
    if subscription.is_paid:
        return _scenario_of_change(tier, subscription)
    if version.is_free:
        return Scenario.INCLUDED
    return Scenario.TRY if version.trial_days else Scenario.CHOOSE


def _scenario_of_current(subscription: UserSubscription) -> Scenario:
    by_state = {
        PlanState.ENDING: Scenario.KEEP,
        PlanState.SCHEDULED: Scenario.KEEP,
        PlanState.PAST_DUE: Scenario.MEND,
        PlanState.COMPLIMENTARY: Scenario.CHOOSE,
    }
    return by_state.get(plan_state(subscription), Scenario.CURRENT)


def _scenario_of_change(tier: SubscriptionTier, subscription: UserSubscription) -> Scenario:
    if _starts_at(tier, subscription) is not None:
        return Scenario.SCHEDULED
    if tier.current_version.is_free:
        return Scenario.LEAVE
    if plan_state(subscription) == PlanState.PAST_DUE:
        return Scenario.MEND
    return Scenario.UPGRADE if tier.rank > subscription.tier.rank else Scenario.DOWNGRADE


def _starts_at(tier: SubscriptionTier, subscription: UserSubscription | None) -> datetime | None:
    """Return when the person comes to the tier, where that is settled."""
    if subscription is None or tier.id == subscription.tier.id:
        return None
    scheduled = subscription.scheduled_tier_version
    if scheduled is not None and scheduled.tier_id == tier.id:
        return subscription.scheduled_at
    return subscription.ends_at if tier.is_default else None
