"""What the pages of tiers and packages show besides: Stripe's side, and the preview card."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from billing.domain.catalog import TierEntry
from billing.domain.interval import Interval
from billing.domain.money import Money
from billing.errors import GatewayError
from billing.gateway import Gateway
from billing.messages import Wording
from billing.models import Feature, SubscriptionTier, TokenPackage
from billing.services.catalog_comparison import Sync
from billing.web import gateway
from billing.web.language import translate
from billing.web.offers import Scenario, TierOffer

SlugRow = TypeVar("SlugRow", SubscriptionTier, TokenPackage)


def at_stripe(
    rows: Sequence[SlugRow], compare: Callable[[Sequence[SlugRow], Gateway], Mapping[str, Sync]]
) -> Mapping[str, Sync] | None:
    """Return how the rows stand at Stripe, by slug; None where Stripe does not answer.

    Args:
        rows: tiers or packages.
        compare: of services/catalog_comparison.py.
    """
    try:
        return compare(rows, gateway.current())
    except GatewayError:
        return None


def one_at_stripe(
    row: SlugRow, compare: Callable[[Sequence[SlugRow], Gateway], Mapping[str, Sync]]
) -> Sync | None:
    """Return how one row stands at Stripe; None where Stripe does not answer.

    Args:
        row: a tier or a package.
        compare: of services/catalog_comparison.py.
    """
    found = at_stripe([row], compare)
    return None if found is None else found[row.slug]


def preview_card(slug: str, entry: TierEntry, features: Sequence[Feature]) -> TierOffer:
    """Return the card that the pricing page would show.

    Args:
        slug: of the tier.
        entry: as it would be.
        features: all there are, in the order of the pages.
    """
    return TierOffer(
        slug=slug,
        name=entry.name,
        description=translate(Wording(entry.description, entry.description_in)),
        monthly=Money(entry.price_month, entry.currency),
        yearly=Money(entry.price_year, entry.currency),
        requests=entry.ai_requests_per_month,
        trial_days=entry.trial_days,
        includes=None,
        features=tuple(translate(each.wording) for each in features if each.key in entry.features),
        scenario=Scenario.PREVIEW,
        is_highlighted=False,
    )


def card_of(tier: SubscriptionTier) -> TierOffer:
    """Return the card of a tier as it is now.

    Args:
        tier: with its versions and their features.
    """
    terms = tier.current_version
    return TierOffer(
        slug=tier.slug,
        name=tier.name,
        description=translate(tier.wording),
        monthly=terms.price(Interval.MONTH),
        yearly=terms.price(Interval.YEAR),
        requests=terms.ai_requests_per_month,
        trial_days=terms.trial_days,
        includes=None,
        features=tuple(translate(feature.wording) for feature in terms.features),
        scenario=Scenario.PREVIEW,
        is_highlighted=False,
    )
