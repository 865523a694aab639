"""The account page in each state of a subscription."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from billing.database import transaction
from billing.domain.interval import Interval
from billing.models import User
from tests import queries, states
from tests.page import PageClient

pytestmark = pytest.mark.one_database


@pytest.fixture(autouse=True)
def _on_sale(app: Flask) -> None:
    states.catalog_at_stripe()


def _open(page: PageClient, user: User) -> str:
    states.log_in(page, user)
    return page.open("/account").main


@pytest.mark.parametrize(
    ("person", "words", "button"),
    [
        (states.ending, ["Ends", "Moves to Free on", "No more charges."], "Keep Pro"),
        (
            states.past_due,
            ["Past due", "Your last payment did not go through", "Pro stays on until"],
            "Pay $49.00 now",
        ),
    ],
)
def test_paid_plan(
    page: PageClient, person: Callable[[], User], words: list[str], button: str
) -> None:
    text = _open(page, person())

    assert [] == [each for each in words if each not in text]
    assert button in page.current.buttons


def test_free_plan_shows_no_next_payment(page: PageClient) -> None:
    text = _open(page, states.free())

    assert "20 AI requests a month. No card on file." in text
    assert "Next payment" not in text
    assert "Upgrade" in page.current.links


def test_year_is_priced_by_the_year(page: PageClient) -> None:
    text = _open(page, states.subscribed("scale", interval=Interval.YEAR))

    assert "$1,490.00 a year" in text
    assert "Scale, yearly $1,490.00" in text


def test_unlimited_plan_has_no_meter(page: PageClient) -> None:
    text = _open(page, states.subscribed("scale"))

    assert "0, no limit" in text
    assert [] == [each for each in page.current.all("div") if each.get("role") == "meter"]


def test_meter_says_its_value_in_words(page: PageClient) -> None:
    _open(page, states.busy())

    meters = [each for each in page.current.all("div") if each.get("role") == "meter"]
    assert ["4,130 of 5,000 used"] == [each.get("aria-valuetext") for each in meters]


def test_quota_and_tokens_gone(page: PageClient) -> None:
    text = _open(page, states.used_up())

    assert "Your quota and tokens are used up AI requests are being refused." in text


def test_quota_gone_and_tokens_in_use(page: PageClient) -> None:
    text = _open(page, states.on_tokens())

    assert "AI requests now draw from your token balance, 490 left." in text


def test_only_one_notice_shows(page: PageClient) -> None:
    _open(page, states.past_due())

    assert 1 == len(page.current.all("div", "notice"))


def test_invoices_and_purchases_are_one_list_newest_first(page: PageClient) -> None:
    _open(page, states.busy())

    rows = [
        "".join(row.itertext()).split()
        for row in page.current.all("tr")
        if row.find("td") is not None
    ]
    assert [["2,000", "tokens"], ["Pro,", "monthly"]] == [row[3:5] for row in rows]
    assert "View invoice BH-1987" in page.current.links


def test_no_invoices_yet(page: PageClient) -> None:
    text = _open(page, states.free())

    assert "No invoices yet Receipts for plans and token packages show up here." in text


def test_dates_are_in_the_zone_of_the_person(page: PageClient) -> None:
    text = _open(page, states.abroad())

    assert "1. Januar 2027" in text


def test_it_needs_few_queries(page: PageClient) -> None:
    states.log_in(page, states.busy())

    with queries.recorded() as statements:
        page.open("/account")

    assert len(statements) <= 12


@pytest.mark.parametrize("path", ["/account", "/pricing", "/usage"])
def test_missing_subscription_is_put_back(page: PageClient, path: str) -> None:
    user = states.free()
    states.log_in(page, user)
    with transaction() as session:
        session.delete(user.subscription)

    page.open(path)

    session.expire_all()
    assert user.subscription.tier.slug == "free"
