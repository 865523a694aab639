"""The catalog in the database: loaded, changed, archived, read."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import event, func, select
from structlog.testing import capture_logs

from billing.database import db
from billing.domain.catalog import CatalogDocument, PackageEntry, TierEntry
from billing.domain.catalog_file import parse
from billing.domain.catalog_render import render
from billing.errors import NoCatalog, PackageNotFound, TierNotFound
from billing.models import AuditEntry, SubscriptionTier, TierVersion
from billing.services import catalog
from tests.factories import DEMO_CATALOG, demo_catalog

pytestmark = pytest.mark.usefixtures("app")

DEMO = parse(DEMO_CATALOG.read_bytes())


def with_tier(slug: str, **changes: object) -> CatalogDocument:
    """Return the demo catalog with some fields of a tier changed."""
    tier: TierEntry = replace(DEMO.tiers[slug], **changes)  # type: ignore[arg-type]
    return replace(DEMO, tiers={**DEMO.tiers, slug: tier})


def with_package(slug: str, **changes: object) -> CatalogDocument:
    """Return the demo catalog with some fields of a package changed."""
    package: PackageEntry = replace(DEMO.packages[slug], **changes)  # type: ignore[arg-type]
    return replace(DEMO, packages={**DEMO.packages, slug: package})


def without(*slugs: str) -> CatalogDocument:
    """Return the demo catalog without these tiers and packages."""
    return replace(
        DEMO,
        tiers={slug: entry for slug, entry in DEMO.tiers.items() if slug not in slugs},
        packages={slug: entry for slug, entry in DEMO.packages.items() if slug not in slugs},
    )


def apply(document: CatalogDocument) -> list[str]:
    """Apply the document; returns the changes as lines."""
    return [str(change) for change in catalog.apply(document, actor="test")]


def versions_of(slug: str) -> list[TierVersion]:
    found = db.session.scalars(
        select(TierVersion)
        .join(SubscriptionTier)
        .where(SubscriptionTier.slug == slug)
        .order_by(TierVersion.version)
    )
    return list(found)


class TestApply:
    def test_the_demo_catalog_is_on_sale_afterwards(self) -> None:
        demo_catalog()

        tiers = catalog.list_tiers()
        pro = catalog.get_tier("pro").current_version
        assert [tier.slug for tier in tiers] == ["free", "starter", "pro", "scale"]
        assert (pro.version, pro.price_month_minor, pro.currency) == (1, 4900, "USD")
        assert [feature.key for feature in pro.features] == [
            "ai_chat",
            "marketplace",
            "ai_mentor",
            "ai_images",
            "exports",
        ]
        assert catalog.get_tier("scale").current_version.is_unlimited

    def test_the_second_time_changes_nothing(self) -> None:
        demo_catalog()
        rows = db.session.scalar(select(func.count(AuditEntry.id)))

        changes = apply(DEMO)

        assert changes == []
        assert db.session.scalar(select(func.count(AuditEntry.id))) == rows

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("price_month", 5900),
            ("price_year", 59000),
            ("currency", "EUR"),
            ("ai_requests_per_month", 6000),
            ("ai_requests_per_month", None),
            ("trial_days", 14),
            ("features", ("ai_chat",)),
        ],
    )
    def test_new_terms_are_a_new_version(self, field: str, value: object) -> None:
        demo_catalog()

        changes = apply(with_tier("pro", **{field: value}))

        first, second = versions_of("pro")
        assert len(changes) == 1
        assert "changed tier pro (version 2)" in changes[0]
        assert (first.version, first.price_month_minor) == (1, 4900)
        assert second.version == 2
        assert catalog.get_tier("pro").current_version is second
        assert catalog.export() == with_tier("pro", **{field: value})

    def test_going_back_to_old_terms_is_a_third_version(self) -> None:
        demo_catalog()
        apply(with_tier("pro", price_month=5900))

        apply(DEMO)

        assert [version.price_month_minor for version in versions_of("pro")] == [4900, 5900, 4900]

    def test_the_order_of_a_tiers_features_means_nothing(self) -> None:
        demo_catalog()

        changes = apply(with_tier("pro", features=DEMO.tiers["pro"].features[::-1]))

        assert changes == []

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("name", "Professional"),
            ("description", "New."),
            ("description_in", {"de": "Neu."}),
            ("rank", 9),
        ],
    )
    def test_words_and_rank_change_in_place(self, field: str, value: object) -> None:
        demo_catalog()

        apply(with_tier("pro", **{field: value}))

        assert len(versions_of("pro")) == 1
        assert getattr(catalog.get_tier("pro"), field) == value

    def test_a_missing_tier_or_package_is_archived(self) -> None:
        demo_catalog()

        changes = apply(without("starter", "tokens-100"))

        assert changes == ["archived tier starter", "archived package tokens-100"]
        assert [tier.slug for tier in catalog.list_tiers()] == ["free", "pro", "scale"]
        assert "tokens-100" not in [package.slug for package in catalog.list_packages()]

    def test_a_returned_tier_is_on_sale_with_its_old_version(self) -> None:
        demo_catalog()
        apply(without("starter", "tokens-100"))

        changes = apply(DEMO)

        assert changes == ["returned tier starter", "returned package tokens-100"]
        assert catalog.get_tier("starter").current_version.version == 1
        assert catalog.get_package("tokens-100").price_minor == 500

    def test_another_tier_can_become_the_default(self) -> None:
        demo_catalog()
        basic = replace(DEMO.tiers["free"], name="Basic", rank=7)
        free = replace(DEMO.tiers["free"], default=False)

        apply(replace(DEMO, tiers={"basic": basic, **DEMO.tiers, "free": free}))

        assert catalog.get_default_tier().slug == "basic"

    def test_the_default_can_move_back_and_its_owner_go(self) -> None:
        demo_catalog()
        basic = replace(DEMO.tiers["free"], name="Basic", rank=7)
        apply(replace(without("free"), tiers={"basic": basic, **without("free").tiers}))

        apply(DEMO)

        assert catalog.get_default_tier().slug == "free"
        with pytest.raises(TierNotFound):
            catalog.get_tier("basic")

    def test_a_package_changes_in_place_and_loses_stripes_old_price(self) -> None:
        demo_catalog()

        changes = apply(with_package("tokens-100", price=700))

        package = catalog.get_package("tokens-100")
        assert changes == ["changed package tokens-100: price 500 -> 700"]
        assert (package.price_minor, package.stripe_price_id) == (700, None)

    def test_features_stay_when_the_file_drops_them(self) -> None:
        demo_catalog()
        features = {key: entry for key, entry in DEMO.features.items() if key != "priority_support"}
        scale = tuple(key for key in DEMO.tiers["scale"].features if key != "priority_support")

        changes = apply(replace(with_tier("scale", features=scale), features=features))

        assert len(changes) == 1
        assert "priority_support" in catalog.export().features
        assert "priority_support" in [feature.key for feature in versions_of("scale")[0].features]

    def test_the_order_of_features_is_that_of_the_file(self) -> None:
        demo_catalog()
        backwards = {key: DEMO.features[key] for key in reversed(list(DEMO.features))}

        apply(replace(DEMO, features=backwards))

        assert list(catalog.export().features) == list(backwards)
        assert apply(replace(DEMO, features=backwards)) == []

    def test_a_feature_changes_in_place(self) -> None:
        demo_catalog()
        mentor = replace(DEMO.features["ai_mentor"], name_in={"de": "Mentor"}, token_cost=7)

        changes = apply(replace(DEMO, features={**DEMO.features, "ai_mentor": mentor}))

        assert changes == [
            "changed feature ai_mentor: name_in {de: KI-Mentor} -> {de: Mentor}, token_cost 5 -> 7"
        ]

    def test_every_change_is_in_the_audit_log(self) -> None:
        demo_catalog()

        catalog.apply(with_tier("pro", price_month=5900), actor="user:7")

        entry = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
        assert entry is not None
        assert (entry.actor, entry.action) == ("user:7", "catalog.tier_changed")
        assert entry.subject_id == catalog.get_tier("pro").id
        assert (entry.before, entry.after) == ({"price_month": 4900}, {"price_month": 5900})


class TestDiff:
    def test_it_names_what_apply_would_do_and_does_nothing(self) -> None:
        demo_catalog()
        wanted = with_tier("pro", price_month=5900, ai_requests_per_month=None)

        lines = [str(change) for change in catalog.diff(wanted)]

        assert lines == [
            "changed tier pro (version 2): price_month 4900 -> 5900, "
            "ai_requests_per_month 5000 -> unlimited"
        ]
        assert apply(wanted) == lines

    def test_an_empty_database_lacks_everything(self) -> None:
        changes = catalog.diff(DEMO)

        assert len(changes) == len(DEMO.features) + len(DEMO.tiers) + len(DEMO.packages)


class TestExport:
    def test_it_applies_to_no_change(self) -> None:
        demo_catalog()
        apply(without("starter", "tokens-500"))

        text = render(catalog.export())

        assert apply(parse(text.encode())) == []
        assert "starter" not in text


class TestGet:
    @pytest.mark.parametrize(
        "slug", ["platinum", "starter", "", "PRO", "pro'--", "p\x00", "x" * 999]
    )
    def test_what_is_not_on_sale_is_not_found_and_a_warning(self, slug: str) -> None:
        demo_catalog()
        apply(without("starter"))

        with capture_logs() as logs, pytest.raises(TierNotFound):
            catalog.get_tier(slug)

        assert [entry["event"] for entry in logs] == ["catalog.tier_not_found"]
        assert logs[0]["log_level"] == "warning"

    @pytest.mark.parametrize("slug", ["tokens-7", "tokens-100", "\x00"])
    def test_an_unknown_package_is_not_found_and_a_warning(self, slug: str) -> None:
        demo_catalog()
        apply(without("tokens-100"))

        with capture_logs() as logs, pytest.raises(PackageNotFound):
            catalog.get_package(slug)

        assert [entry["event"] for entry in logs] == ["catalog.package_not_found"]

    def test_no_catalog_means_no_default_tier(self) -> None:
        with pytest.raises(NoCatalog, match="catalog apply"):
            catalog.get_default_tier()


def test_the_pricing_page_needs_three_queries_for_the_tiers() -> None:
    demo_catalog()
    statements: list[str] = []

    @event.listens_for(db.engine, "before_cursor_execute")
    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    names = [
        [feature.name for feature in tier.current_version.features]
        for tier in catalog.list_tiers()
        if tier.current_version.tier is tier
    ]

    assert len(names) == 4
    assert len([statement for statement in statements if statement.startswith("SELECT")]) <= 3
