"""One tier or package changed by hand: the rules of a whole file, versions, and Stripe's side."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from billing.database import db, transaction
from billing.domain.catalog import PackageEntry, TierEntry
from billing.errors import BillingError, Conflict, InvalidInput, TierNotFound
from billing.models import AuditEntry, SubscriptionTier, TierVersion, TokenPackage
from billing.services import catalog, catalog_comparison, catalog_edits
from billing.services.catalog_comparison import SyncState
from tests import states
from tests.shop import Shop

FREE_TERMS = {"price_month": 0, "price_year": 0}


def pro(**changes: Any) -> TierEntry:
    """Return what Pro is on sale as, with something changed."""
    return replace(catalog.export().tiers["pro"], **changes)


def save(entry: TierEntry, slug: str = "pro", seen: int | None = 1) -> list[str]:
    db.session.rollback()
    return [str(change) for change in catalog_edits.save_tier(slug, entry, actor="test", seen=seen)]


def errors_of(entry: TierEntry, slug: str = "pro") -> set[str]:
    with pytest.raises(InvalidInput) as refusal:
        catalog_edits.preview_tier(slug, entry)
    errors = refusal.value.members["errors"]
    assert isinstance(errors, dict)
    return set(errors)


@pytest.fixture
def on_sale(app: Flask) -> Flask:
    """The demo catalog, as a push would have left it."""
    states.catalog_at_stripe()
    return app


@pytest.mark.one_database
@pytest.mark.usefixtures("on_sale")
class TestTiers:
    def test_new_terms_make_a_version_and_say_who_keeps_the_old(self) -> None:
        user = states.subscribed()
        dearer = pro(price_month=5900)

        seen = catalog_edits.preview_tier("pro", dearer)
        (change,) = save(dearer)

        (kept,) = seen.kept
        assert (seen.new_version, kept.version.version, kept.subscribers) == (2, 1, 1)
        assert change == "changed tier pro (version 2): price_month 4900 -> 5900"
        assert user.subscription.tier_version.version == 1
        assert catalog.get_tier("pro").current_version.price_month_minor == 5900
        entry = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
        assert entry is not None
        assert (entry.actor, entry.before, entry.after) == (
            "test",
            {"price_month": 4900},
            {"price_month": 5900},
        )

    def test_another_name_makes_no_version_and_the_same_makes_nothing(self) -> None:
        assert catalog_edits.preview_tier("pro", pro(name="Professional")).new_version is None
        assert catalog_edits.preview_tier("pro", pro()).change is None
        assert save(pro()) == []

    @pytest.mark.parametrize(
        ("changes", "fields"),
        [
            ({"price_month": 49}, {"price_month"}),
            ({"price_month": 0}, {"price_month"}),
            ({"price_year": 49005, "currency": "KWD"}, {"price_month", "price_year"}),
            ({**FREE_TERMS, "trial_days": 14}, {"trial_days"}),
            ({"rank": 1}, {"rank"}),
            ({"default": True}, {"default"}),
            ({"features": ("flying",)}, {"features"}),
        ],
    )
    def test_what_breaks_a_rule_is_named_at_its_field(
        self, changes: dict[str, Any], fields: set[str]
    ) -> None:
        if changes.get("currency") == "KWD":
            changes["price_month"] = 4905

        assert errors_of(pro(**changes)) == fields

    def test_new_accounts_always_have_a_plan_to_start_on(self) -> None:
        free = catalog.export().tiers["free"]

        assert errors_of(replace(free, default=False), "free") == {"default"}
        with pytest.raises(Conflict, match="New accounts start on Free"):
            catalog_edits.archive_tier("free", actor="test")

    def test_another_free_tier_takes_the_default_over(self) -> None:
        save(pro(**FREE_TERMS, name="Open", rank=9, default=True), slug="open", seen=None)

        assert catalog.get_default_tier().slug == "open"

    def test_an_edit_of_something_older_is_refused(self) -> None:
        save(pro(price_month=5900))

        with pytest.raises(Conflict, match="changed meanwhile"):
            save(pro(price_month=6900), seen=1)
        with pytest.raises(Conflict, match="taken already"):
            save(pro(rank=9), seen=None)

    def test_an_archived_tier_keeps_its_subscribers_and_can_return(self) -> None:
        user, entry = states.subscribed(), pro()
        catalog_edits.archive_tier("pro", actor="test")

        assert user.subscription.tier.slug == "pro"
        with pytest.raises(TierNotFound):
            catalog_edits.archive_tier("pro", actor="test")
        assert save(entry) == ["returned tier pro"]


@pytest.mark.one_database
@pytest.mark.usefixtures("on_sale")
def test_packages_go_by_the_same_rules() -> None:
    entry = PackageEntry(name="Half", tokens=50, currency="USD", price=49)

    def put(entry: PackageEntry, *, is_new: bool = True) -> list[str]:
        changes = catalog_edits.save_package("half", entry, actor="test", is_new=is_new)
        return [str(change) for change in changes]

    with pytest.raises(InvalidInput, match="not changed"):
        put(entry)
    put(replace(entry, price=300))
    with pytest.raises(Conflict, match="taken already"):
        put(replace(entry, price=300))

    assert put(replace(entry, price=350), is_new=False) == [
        "changed package half: price 300 -> 350"
    ]
    assert [str(each) for each in catalog_edits.archive_package("half", actor="test")] == [
        "archived package half"
    ]


def sync(shop: Shop) -> dict[str, Any]:
    db.session.rollback()
    tiers = catalog_comparison.compare_tiers(catalog.list_tiers(), shop.gateway)
    packages = catalog_comparison.compare_packages(catalog.list_packages(), shop.gateway)
    return tiers | packages


@pytest.mark.one_database
def test_stripes_side_is_known_and_a_push_mends_it(shop: Shop) -> None:
    before = {slug: each.state for slug, each in sync(shop).items()}
    stripe = shop.dashboard.v1
    stripe.products.update("billhook_tier_pro", {"name": "Pro, old"})
    scale = catalog.get_tier("scale").current_version.stripe_price_year_id or ""
    stripe.prices.update(scale, {"active": False})
    save(replace(catalog.export().tiers["starter"], price_month=2100), "starter")
    with transaction() as session:
        session.get_one(TokenPackage, catalog.get_package("tokens-100").id).stripe_price_id = "p_1"

    after = sync(shop)
    catalog.push(shop.gateway, actor="user:7")

    assert set(before.values()) == {SyncState.FREE, SyncState.PUSHED}
    assert after["pro"].differences == ("Stripe calls it Pro, old.",)
    assert after["scale"].differences == (f"The price {scale} is archived at Stripe.",)
    assert after["starter"].state == SyncState.NOT_PUSHED
    assert after["tokens-100"].differences == ("Stripe does not have the price p_1.",)
    assert {each.state for each in sync(shop).values()} == {SyncState.FREE, SyncState.PUSHED}
    pushed = select(func.count()).where(
        AuditEntry.actor == "user:7", AuditEntry.action.endswith("_pushed")
    )
    assert db.session.scalar(pushed) == 2


@pytest.mark.one_database
def test_a_silent_stripe_is_no_state(shop: Shop) -> None:
    shop.control.fail_next("products", "reset", times=3)

    with pytest.raises(BillingError):
        sync(shop)
    assert db.session.scalar(select(func.count()).select_from(SubscriptionTier)) == 4
    assert db.session.scalar(select(func.count()).select_from(TierVersion)) == 4
