"""Plans and packages at the desk: checked, previewed, saved, pushed, moved, archived."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import func, select

from billing import clock
from billing.database import db
from billing.models import AuditEntry, User
from billing.services import catalog, checkout
from tests import factories, queries, states
from tests.page import Page, PageClient
from tests.shop import Shop
from tests.web.admin.test_lists import MAX_QUERIES

pytestmark = pytest.mark.one_database

STARTER = "/admin/plans/2"


def problems(page: Page) -> list[str]:
    return [item.text or "" for box in page.all("div", "error-summary") for item in box.iter("a")]


@pytest.fixture
def admin_of_shop(shop: Shop, page: PageClient) -> PageClient:
    """The desk over a catalog that Stripe has."""
    states.log_in(page, factories.account("admin@example.test", is_admin=True))
    return page


def test_new_price_is_a_version_and_says_who_keeps_the_old(desk: PageClient) -> None:
    for _ in range(2):
        states.subscribed("starter")
    desk.open(f"{STARTER}/edit")

    check = desk.press("Check", price_month="21.00")
    saved = desk.press("Save version 2 of Starter")

    assert "2 subscribers keep $19.00 a month, version 1." in check.main
    assert "price_month1900 → 2100" in check.main
    assert "$62 less than monthly Preview" in check.main
    assert saved.path == STARTER
    assert "Version 2 of Starter is saved. Push it to Stripe to sell it." in saved.main
    assert catalog.get_tier("starter").current_version.price_month_minor == 2100
    entry = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert entry is not None
    assert (entry.action, entry.before, entry.after) == (
        "catalog.tier_changed",
        {"price_month": 1900},
        {"price_month": 2100},
    )
    assert entry.ip_address == "127.0.0.1"
    assert entry.actor_user_id is not None


@pytest.mark.parametrize(
    ("typed", "field", "problem"),
    [
        ({"price_month": "nineteen"}, "price_month", "Enter an amount, like 19.00"),
        ({"price_month": "19.005"}, "price_month", "USD has at most 2 decimals"),
        ({"price_month": "0.30"}, "price_month", "Stripe charges at least 0.50 USD"),
        ({"price_month": "0"}, "price_month", "A plan is free by the month and by the year"),
        ({"currency": "JPY", "price_month": "19.50"}, "price_month", "JPY has no decimals"),
        ({"currency": "KWD", "price_month": "19.005"}, "price_month", "in steps of 0.010"),
        ({"currency": "ISK", "price_month": "19.50"}, "price_month", "in steps of 1.00"),
        ({"currency": "XXQ"}, "currency", "Enter a currency, like USD"),
        ({"rank": "2"}, "rank", "Pro has this rank already"),
        ({"rank": "-1"}, "rank", "Enter a whole number from 0 on"),
        ({"name": " "}, "name", "Enter a name"),
        ({"trial_days": "many"}, "trial_days", "Enter a number of days"),
        ({"default": "y"}, "default", "New accounts start on a free plan only"),
    ],
)
def test_form_comes_back_with_what_was_typed_and_why(
    desk: PageClient, typed: dict[str, str], field: str, problem: str
) -> None:
    desk.open(f"{STARTER}/edit")

    page = desk.press("Check", status=422, **typed)

    assert problem in page.main
    assert [box for box in page.root.iter("a") if box.get("href") == f"#{field}"]
    values = {each.get("name"): each.get("value") for each in page.root.iter("input")}
    shown = {name: value for name, value in typed.items() if name not in {"name", "default"}}
    assert shown.items() <= values.items()
    assert catalog.get_tier("starter").current_version.version == 1


def test_one_may_go_on_editing_after_the_check(desk: PageClient) -> None:
    desk.open(f"{STARTER}/edit")
    desk.press("Check", price_year="200.00", name="Small", description_de="Für wenig.")

    page = desk.press("Go on editing")

    values = {each.get("name"): each.get("value") for each in page.root.iter("input")}
    assert (values["price_year"], values["name"]) == ("200.00", "Small")
    desk.press("Check")
    desk.press("Save version 2 of Small")
    db.session.rollback()
    assert catalog.get_tier("starter").description_in == {"de": "Für wenig."}


def test_a_plan_is_created_archived_and_returned(desk: PageClient) -> None:
    desk.open("/admin/plans/new")
    desk.press(
        "Check",
        slug="team",
        name="Team",
        rank="9",
        currency="eur",
        price_month="99",
        price_year="990",
        trial_days="14",
    )
    made = desk.press("Create Team")
    desk.follow("Archive")
    desk.press("Archive Team")

    assert "Archived" in desk.current.main
    desk.follow("Return to sale")
    desk.press("Check")
    desk.press("Save Team")
    db.session.rollback()
    assert made.path == desk.current.path
    assert catalog.get_tier("team").current_version.currency == "EUR"


def test_two_admins_do_not_overwrite_each_other(desk: PageClient) -> None:
    first = desk.open(f"{STARTER}/edit")
    desk.press("Check", price_month="21.00")
    desk.press("Save version 2 of Starter")
    desk.back(first)
    desk.press("Check", price_month="22.00")

    page = desk.press("Save version 3 of Starter", status=422)

    db.session.rollback()
    assert "starter was changed meanwhile" in page.main
    assert catalog.get_tier("starter").current_version.price_month_minor == 2100


def test_a_package_is_created_and_changed(desk: PageClient) -> None:
    desk.open("/admin/packages/new")
    refused = desk.press(
        "Check", status=422, slug="Half", name="Half", tokens="0", currency="USD", price="0.10"
    )
    desk.press("Check", slug="half", tokens="50", price="3.00")
    made = desk.press("Create Half")
    desk.follow("Edit")
    check = desk.press("Check", price="3.50")
    desk.press("Save Half")

    db.session.rollback()
    assert len(problems(refused)) == 2
    assert "Half is saved." in made.main
    assert "$3.00. The new price is sold as soon as it is pushed" in check.main
    assert catalog.get_package("half").price_minor == 350
    desk.follow("Archive")
    assert "Half is off sale." in desk.press("Archive Half").main


def test_money_asks_for_the_password_again(desk: PageClient) -> None:
    with time_machine.travel(clock.now() + timedelta(minutes=16)):
        for path in (f"{STARTER}/edit", f"{STARTER}/migrate", "/admin/packages/new"):
            assert desk.open(path).h1 == "Enter your password"


def test_silent_stripe_leaves_the_pages(desk: PageClient) -> None:
    assert "Not known" in desk.open("/admin/plans").main
    assert "We could not reach Stripe." in desk.open(STARTER).main
    assert "We could not reach Stripe." in desk.open("/admin/packages/1").main


def test_push_and_move_of_subscribers(shop: Shop, admin_of_shop: PageClient) -> None:
    desk, user = admin_of_shop, shop.user()
    session_id = shop.choose_tier(user, "starter")
    shop.pay(session_id)
    checkout.confirm(user, session_id, gateway=shop.gateway)
    desk.open(f"{STARTER}/edit")
    desk.press("Check", price_month="21.00")
    unpushed = desk.press("Save version 2 of Starter")
    pushed = desk.press("Push to Stripe")
    desk.follow("Move subscribers")
    moved = desk.press("Move subscribers", when="now")

    assert "Not pushed" in unpushed.main
    assert "Stripe has the same names and prices." in pushed.main
    assert "1 subscriber was moved." in moved.main
    db.session.rollback()
    assert user.subscription.tier_version.version == 2
    actions = db.session.scalars(select(AuditEntry.action).where(AuditEntry.actor_user_id > 0))
    assert {"catalog.tier_pushed", "subscription.version_moved"} <= set(actions)


def test_lists_and_records_ask_little(desk: PageClient, client: FlaskClient, admin: User) -> None:
    counts = {}
    for path in (
        "/admin/plans",
        STARTER,
        f"{STARTER}/edit",
        "/admin/packages",
        "/admin/packages/1",
    ):
        with queries.recorded() as statements:
            desk.open(path)
        counts[path] = len(statements)

    assert max(counts.values()) <= MAX_QUERIES, counts
    assert client.get("/admin/plans.csv").text.splitlines()[1].startswith("Free,0,0.00,0.00,USD")
    assert "tokens-2000" not in client.get("/admin/packages.csv?q=10,000").text
    assert db.session.scalar(select(func.count()).select_from(AuditEntry))
