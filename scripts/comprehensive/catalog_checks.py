"""Checks of the catalog: tiers and token packages made, changed, refused, archived."""

from __future__ import annotations

from dataclasses import replace

from billing.domain.catalog import TierEntry
from billing.errors import Conflict, InvalidInput, PackageNotFound, TierNotFound
from billing.services import catalog, catalog_edits
from scripts.comprehensive.checks import Check, expect, refused
from scripts.comprehensive.stock import (
    ACTOR,
    FREE,
    PACKAGE,
    PAID,
    PAID_QUOTA,
    PAID_TIER,
    RUN,
    TOKEN_PACKAGE,
    free_rank,
    put_on_sale,
)


def _tier_is_created() -> str:
    put_on_sale()
    terms = catalog.get_tier(PAID).current_version
    expect("requests a month", terms.ai_requests_per_month, PAID_QUOTA)
    expect("price a month", terms.price_month_minor, PAID_TIER.price_month)
    expect("the default", catalog.get_default_tier().slug, FREE)
    dearer = replace(PAID_TIER, rank=catalog.get_tier(PAID).rank, price_month=2900)
    catalog_edits.save_tier(PAID, dearer, actor=ACTOR, seen=1)
    expect("the version after a new price", catalog.get_tier(PAID).current_version.version, 2)
    return "created with its terms; a new price makes a second version"


def _tier_is_validated() -> str:
    put_on_sale()
    good = replace(PAID_TIER, rank=free_rank())
    broken = {
        "price_year": replace(good, price_year=0),
        "trial_days": replace(good, price_month=0, price_year=0, trial_days=7),
        "rank": replace(good, rank=catalog.get_tier(PAID).rank),
        "default": replace(good, default=True),
        "features": replace(good, features=("no-such-feature",)),
    }
    for field, entry in broken.items():
        expect("the fields at fault", _faults_of(entry), [field])
    refused(TierNotFound, lambda: catalog.get_tier(f"{RUN}-new"))
    return f"refused for {', '.join(broken)}; a name that is not on sale is not found"


def _faults_of(entry: TierEntry) -> list[str]:
    slug = f"{RUN}-new"
    refusal = refused(
        InvalidInput, lambda: catalog_edits.save_tier(slug, entry, actor=ACTOR, seen=None)
    )
    errors = refusal.members["errors"]
    return list(errors) if isinstance(errors, dict) else []


def _packages_are_managed() -> str:
    put_on_sale()
    package = catalog.get_package(PACKAGE)
    expect("tokens and bonus", (package.tokens, package.bonus_tokens), (100, 10))
    refused(Conflict, lambda: _save_package(is_new=True))
    _save_package(is_new=False)
    expect("the new price", catalog.get_package(PACKAGE).price_minor, 700)
    catalog_edits.archive_package(PACKAGE, actor=ACTOR)
    refused(PackageNotFound, lambda: catalog.get_package(PACKAGE))
    return "created, not created twice, repriced, archived and then not found"


def _save_package(*, is_new: bool) -> None:
    entry = replace(TOKEN_PACKAGE, price=700)
    catalog_edits.save_package(PACKAGE, entry, actor=ACTOR, is_new=is_new)


CHECKS = (
    Check("Tier creation", _tier_is_created),
    Check("Tier validation", _tier_is_validated),
    Check("Package operations", _packages_are_managed),
)
