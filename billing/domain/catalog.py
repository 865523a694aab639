"""The catalog as a value: what a file says, and what the database holds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, TypeVar

from pydantic import ConfigDict

from billing.domain import catalog_fields as fields

T = TypeVar("T")


# A misspelt field is refused rather than ignored.
NO_OTHER_FIELDS = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureEntry:
    """A feature; a metered one costs tokens for each request beyond the quota."""

    __pydantic_config__: ClassVar = NO_OTHER_FIELDS

    name: fields.Name
    name_in: fields.NameIn = field(default_factory=dict)
    metered: fields.Flag = False
    token_cost: fields.TokenCount = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TierEntry:
    """A tier with its terms; prices in minor units, None requests are unlimited."""

    __pydantic_config__: ClassVar = NO_OTHER_FIELDS

    name: fields.Name
    description: fields.Description = ""
    description_in: fields.DescriptionIn = field(default_factory=dict)
    rank: fields.Rank
    default: fields.Flag = False
    currency: fields.Currency
    price_month: fields.MinorUnits
    price_year: fields.MinorUnits
    ai_requests_per_month: fields.MonthlyRequests
    trial_days: fields.TrialDays = 0
    features: tuple[str, ...] = ()

    @property
    def is_free(self) -> bool:
        return self.price_month == 0 and self.price_year == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageEntry:
    """A token package; without `expires_after_months` its tokens never expire."""

    __pydantic_config__: ClassVar = NO_OTHER_FIELDS

    name: fields.Name
    tokens: fields.TokensSold
    bonus_tokens: fields.TokenCount = 0
    currency: fields.Currency
    price: fields.PriceToPay
    expires_after_months: fields.Months | None = None


Entry = FeatureEntry | TierEntry | PackageEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogDocument:
    """All that is on sale, by key or slug; features stand in the order in which pages show them."""

    features: Mapping[str, FeatureEntry]
    tiers: Mapping[str, TierEntry]
    packages: Mapping[str, PackageEntry]


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogState:
    """What the database holds: the archived entries too, and each tier's newest version."""

    document: CatalogDocument
    archived_tiers: frozenset[str] = frozenset()
    archived_packages: frozenset[str] = frozenset()
    tier_versions: Mapping[str, int] = field(default_factory=dict)

    @property
    def on_sale(self) -> CatalogDocument:
        """The state without what is archived."""
        return CatalogDocument(
            features=self.document.features,
            tiers=_without(self.document.tiers, self.archived_tiers),
            packages=_without(self.document.packages, self.archived_packages),
        )


def _without(entries: Mapping[str, T], slugs: frozenset[str]) -> dict[str, T]:
    return {slug: entry for slug, entry in entries.items() if slug not in slugs}
