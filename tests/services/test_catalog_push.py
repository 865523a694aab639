"""The catalog at Stripe: found by names of ours, made once, finished after a crash."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import update

from billing.database import transaction
from billing.domain.catalog_file import parse
from billing.domain.interval import Interval
from billing.errors import GatewayError
from billing.models import SubscriptionTier, TierVersion, TokenPackage
from billing.services import catalog
from tests.factories import DEMO_CATALOG
from tests.shop import Shop

DEMO = parse(DEMO_CATALOG.read_bytes())


def stripe_prices(shop: Shop) -> dict[str, tuple[int | None, str, str | None]]:
    """Return amount, currency and interval of each price at Stripe, by its lookup key."""
    prices = shop.dashboard.v1.prices.list({"limit": 100, "active": True})
    return {
        price.lookup_key or price.id: (
            price.unit_amount,
            price.currency,
            price.recurring.interval if price.recurring else None,
        )
        for price in prices
    }


def forget_stripe_ids() -> None:
    """Leave the rows as a crash between Stripe's answer and ours would."""
    with transaction() as session:
        session.execute(update(SubscriptionTier).values(stripe_product_id=None))
        session.execute(
            update(TierVersion).values(stripe_price_month_id=None, stripe_price_year_id=None)
        )
        session.execute(update(TokenPackage).values(stripe_product_id=None, stripe_price_id=None))


def stored_ids() -> list[str | None]:
    versions = [tier.current_version for tier in catalog.list_tiers()]
    return [
        *(version.stripe_price_id(interval) for version in versions for interval in Interval),
        *(package.stripe_price_id for package in catalog.list_packages()),
    ]


def test_each_paid_tier_and_package_has_its_prices(shop: Shop) -> None:
    assert stripe_prices(shop) == {
        "billhook:starter:v1:month": (1900, "usd", "month"),
        "billhook:starter:v1:year": (19000, "usd", "year"),
        "billhook:pro:v1:month": (4900, "usd", "month"),
        "billhook:pro:v1:year": (49000, "usd", "year"),
        "billhook:scale:v1:month": (14900, "usd", "month"),
        "billhook:scale:v1:year": (149000, "usd", "year"),
        "billhook:tokens-100:usd:500": (500, "usd", None),
        "billhook:tokens-500:usd:2000": (2000, "usd", None),
        "billhook:tokens-2000:usd:6000": (6000, "usd", None),
        "billhook:tokens-10000:usd:25000": (25000, "usd", None),
    }
    assert stored_ids()[:2] == [None, None]
    assert None not in stored_ids()[2:]


def test_the_second_push_makes_nothing(shop: Shop) -> None:
    ids, prices = stored_ids(), stripe_prices(shop)

    catalog.push(shop.gateway)

    assert stored_ids() == ids
    assert stripe_prices(shop) == prices


def test_a_push_after_a_crash_finds_what_was_made(shop: Shop) -> None:
    ids, prices = stored_ids(), stripe_prices(shop)
    forget_stripe_ids()

    catalog.push(shop.gateway)

    assert stored_ids() == ids
    assert stripe_prices(shop) == prices


def test_a_push_that_breaks_off_is_finished_by_the_next(shop: Shop) -> None:
    forget_stripe_ids()
    shop.control.fail_next("GET /v1/products/billhook_tier_scale", 503, times=3)

    with pytest.raises(GatewayError):
        catalog.push(shop.gateway)
    halfway = stored_ids()
    catalog.push(shop.gateway)

    assert None not in halfway[2:6]
    assert halfway[6:] == [None] * 6
    assert None not in stored_ids()[2:]


def test_a_new_version_gets_prices_and_the_old_one_keeps_its_own(shop: Shop) -> None:
    old = catalog.get_tier("pro").current_version.stripe_price_month_id
    tiers = {**DEMO.tiers, "pro": replace(DEMO.tiers["pro"], price_month=5900)}
    catalog.apply(replace(DEMO, tiers=tiers), actor="test")

    catalog.push(shop.gateway)

    first, second = catalog.get_tier("pro").versions
    prices = stripe_prices(shop)
    assert first.stripe_price_month_id == old
    assert second.stripe_price_month_id not in {None, old}
    assert prices["billhook:pro:v1:month"][0] == 4900
    assert prices["billhook:pro:v2:month"][0] == 5900


def test_a_package_that_goes_back_to_its_old_price_gets_the_old_one_at_stripe(shop: Shop) -> None:
    old = catalog.get_package("tokens-100").stripe_price_id
    dearer = {**DEMO.packages, "tokens-100": replace(DEMO.packages["tokens-100"], price=700)}
    catalog.apply(replace(DEMO, packages=dearer), actor="test")
    catalog.push(shop.gateway)
    between = catalog.get_package("tokens-100").stripe_price_id

    catalog.apply(DEMO, actor="test")
    catalog.push(shop.gateway)

    assert between not in {None, old}
    assert catalog.get_package("tokens-100").stripe_price_id == old


def test_a_new_name_reaches_stripe(shop: Shop) -> None:
    tiers = {**DEMO.tiers, "pro": replace(DEMO.tiers["pro"], name="Professional")}
    catalog.apply(replace(DEMO, tiers=tiers), actor="test")

    catalog.push(shop.gateway)

    assert shop.dashboard.v1.products.retrieve("billhook_tier_pro").name == "Professional"
