"""What must hold in a catalog beyond the type of each field."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from billing.domain import prices
from billing.domain.catalog import CatalogDocument, FeatureEntry, PackageEntry, TierEntry
from billing.domain.money import Money
from billing.domain.toml_lines import Path
from billing.messages import Message


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with the field at the path: a clause for a file, a sentence for a page."""

    path: Path
    message: str
    sentence: str = ""


def find_problems(document: CatalogDocument, *, feature_keys: Collection[str]) -> Iterator[Problem]:
    """Yield what is wrong in and between the entries.

    Args:
        document: the entries whose fields are well formed.
        feature_keys: every feature of the file, the malformed ones too.
    """
    for key, feature in document.features.items():
        yield from _feature_problems(("features", key), feature)
    for slug, tier in document.tiers.items():
        yield from _tier_problems(("tiers", slug), tier, feature_keys)
    for slug, package in document.packages.items():
        yield from _package_problems(("packages", slug), package)
    yield from _rank_problems(document.tiers)
    yield from _default_problems(document.tiers)


def _feature_problems(path: Path, feature: FeatureEntry) -> Iterator[Problem]:
    if feature.metered and feature.token_cost == 0:
        yield Problem((*path, "token_cost"), "must be at least 1 when the feature is metered")


def _tier_problems(path: Path, tier: TierEntry, feature_keys: Collection[str]) -> Iterator[Problem]:
    for name, amount in (("price_month", tier.price_month), ("price_year", tier.price_year)):
        yield from _amount_problems((*path, name), amount, tier.currency)
    if (tier.price_month == 0) != (tier.price_year == 0):
        name = "price_month" if tier.price_month == 0 else "price_year"
        yield Problem(
            (*path, name),
            "must not be 0 alone: a tier is free in both intervals or in none",
            Message("A plan is free by the month and by the year, or by neither"),
        )
    if tier.is_free and tier.trial_days:
        yield Problem(
            (*path, "trial_days"),
            "must be 0: a free tier has nothing to try",
            Message("A free plan has nothing to try"),
        )
    for position, key in enumerate(tier.features):
        if key not in feature_keys:
            yield Problem((*path, "features"), f'names "{key}", which is no feature of this file')
        elif key in tier.features[:position]:
            yield Problem((*path, "features"), f'names "{key}" twice')


def _package_problems(path: Path, package: PackageEntry) -> Iterator[Problem]:
    yield from _amount_problems((*path, "price"), package.price, package.currency)


def _amount_problems(path: Path, amount_minor: int, currency: str) -> Iterator[Problem]:
    problem = prices.find_problem(Money(amount_minor, currency))
    if problem is not None:
        yield Problem(path, problem.clause, problem.sentence)


def _rank_problems(tiers: Mapping[str, TierEntry]) -> Iterator[Problem]:
    owners: dict[int, str] = {}
    for slug, tier in tiers.items():
        owner = owners.setdefault(tier.rank, slug)
        if owner != slug:
            yield Problem(
                ("tiers", slug, "rank"),
                f'is the rank of "{owner}" already',
                Message("%(tier)s has this rank already", tier=tiers[owner].name),
            )


def _default_problems(tiers: Mapping[str, TierEntry]) -> Iterator[Problem]:
    defaults = [slug for slug, tier in tiers.items() if tier.default]
    for slug in defaults:
        if not tiers[slug].is_free:
            yield Problem(
                ("tiers", slug, "default"),
                "must not be true: the default tier is free",
                Message("New accounts start on a free plan only"),
            )
    for slug in defaults[1:]:
        yield Problem(
            ("tiers", slug, "default"), f'must not be true: "{defaults[0]}" is the default'
        )
