"""Lists of the desk, by that of the users: found, narrowed, ordered, paged, exported."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import insert, select

from billing import clock
from billing.database import db, transaction
from billing.domain.ledger import LotSource, TransactionKind
from billing.models import (
    Order,
    TokenLot,
    TokenTransaction,
    User,
    UserSubscription,
    UserTokenBalance,
)
from billing.services import catalog
from tests import queries, states
from tests.page import Page, PageClient

MAX_QUERIES = 12
FIRST = 1_000_000


def _emails(page: Page) -> list[str]:
    return [cell for cell in page.links if "@" in cell]


def _many_users(numbers: range) -> None:
    """Add users by the thousand, with a subscription and a balance each."""
    version, now = catalog.get_default_tier().current_version, clock.now()
    until = now + timedelta(days=30)
    terms = {"tier_version_id": version.id, "anchor": now}
    period = {"period_start": now, "period_end": until, "due_at": until}
    users, subscriptions, balances = [], [], []
    for number in numbers:
        user_id, joined = FIRST + number, now - timedelta(hours=number)
        users.append({"id": user_id, "email": f"many-{number}@example.test", "created_at": joined})
        at_stripe = {"status": "active", "stripe_subscription_id": f"sub_many_{number}"}
        subscriptions.append({"user_id": user_id, **terms, **at_stripe})
        balances.append({"user_id": user_id, **terms, **period})
    with transaction() as session:
        session.execute(insert(User), users)
        session.execute(insert(UserSubscription), subscriptions)
        session.execute(insert(UserTokenBalance), balances)


def _many_lines(numbers: range) -> None:
    """Add ledger lines and lots by the thousand, all of the first of many users."""
    lots, lines = [], []
    for number in numbers:
        lot_id, source = FIRST + number, {"user_id": FIRST, "source": LotSource.GRANT}
        lots.append({"id": lot_id, **source, "tokens": 1, "remaining": 1, "held": 0})
        amounts = {"delta": 1, "balance_after": number + 1, "debt_after": 0}
        said = {"actor": "test", "reason": "many", "kind": TransactionKind.GRANT}
        lines.append({"entry": number + 1, "lot_id": lot_id, **source, **amounts, **said})
    with transaction() as session:
        session.execute(insert(TokenLot), lots)
        session.execute(insert(TokenTransaction), lines)


def test_search_finds_a_part_of_the_address(desk: PageClient) -> None:
    states.free()

    page = desk.open("/admin/users?q=ADMIN")

    assert ["admin@example.test"] == _emails(page)
    assert "1 to 1 of 1" in page.main


def test_percent_sign_is_only_a_percent_sign(desk: PageClient) -> None:
    assert "Nothing matches" in desk.open("/admin/users?q=%25").main


def test_filters_say_how_many_each_choice_leaves(desk: PageClient) -> None:
    states.subscribed()
    states.past_due()
    states.subscribed("scale")

    page = desk.open("/admin/users")
    narrowed = desk.open("/admin/users?tier=pro")

    options = [option.text for option in page.all("option")]
    assert {"Free (1)", "Pro (2)", "Scale (1)", "Past due (1)"} <= set(options)
    assert 2 == len(_emails(narrowed))
    assert {"Free (1)", "Pro (2)", "Past due (1)", "Active (1)"} <= {
        option.text for option in narrowed.all("option")
    }


def test_column_sorts_both_ways_and_says_so(desk: PageClient) -> None:
    poor, rich = states.free(), states.on_tokens()

    down = desk.open("/admin/users?sort=-balance")
    up = desk.follow("Tokens")

    assert rich.email == _emails(down)[0]
    assert rich.email == _emails(up)[-1]
    assert poor.email in _emails(up)
    assert ["ascending"] == [
        cell.get("aria-sort") for cell in up.all("th") if cell.get("aria-sort")
    ]


def test_state_of_the_list_survives_a_step(desk: PageClient) -> None:
    _many_users(range(60))

    desk.open("/admin/users?q=many&sort=email&tier=free&size=50")
    page = desk.follow("Page 2")

    assert "51 to 60 of 60" in page.main
    assert page.url.endswith("q=many&tier=free&sort=email&size=50&page=2")


def test_page_out_of_range_is_the_first(desk: PageClient) -> None:
    for number in ("2", "0", "-1", "x", "99999999999999999999", "1.5"):
        page = desk.open(f"/admin/users?page={number}")

        assert "1 to 1 of 1" in page.main


@pytest.mark.parametrize(
    "asked", ["sort=password_hash", "size=7", "tier=none", "when=2026-99", "q=%00", "status=' OR 1"]
)
def test_what_a_list_does_not_know_asks_for_nothing(desk: PageClient, asked: str) -> None:
    assert ["admin@example.test"] == _emails(desk.open(f"/admin/users?{asked}"))


def test_list_is_drilled_down_by_date(desk: PageClient, admin: User) -> None:
    early = states.free()
    with transaction():
        early.created_at = datetime(2025, 3, 9, 12, tzinfo=UTC)
        admin.created_at = datetime(2026, 5, 1, 12, tzinfo=UTC)

    desk.open("/admin/users")
    desk.follow("2025")
    desk.follow("March 2025")
    page = desk.follow("Mar 9")

    assert [early.email] == _emails(page)
    assert "when=2025-03-09" in page.url


def test_export_is_what_the_filters_leave(desk: PageClient, client: FlaskClient) -> None:
    with transaction():
        states.free().email = "=cmd@example.test"

    answer = client.get("/admin/users.csv?role=user&sort=email&page=7")

    header, *lines = answer.text.splitlines()
    assert "email,tier,status,balance,debt,created,id" == header
    assert 1 == len(lines)
    assert lines[0].startswith("'=cmd@example.test,free,active,0,0,")
    assert "attachment" in answer.headers["Content-Disposition"]


def test_text_of_people_is_text(desk: PageClient) -> None:
    with transaction():
        states.free().email = '"><svg onload=alert(1)>{{7*7}}@x.test'

    page = desk.open("/admin/users?q=svg")

    assert "{{7*7}}" in page.main
    assert [] == page.all("svg", "onload")


def test_lists_and_records_ask_as_little_for_many_as_for_few(desk: PageClient) -> None:
    counts: dict[str, list[int]] = {}
    for numbers in (range(100), range(100, 10_000)):
        _many_users(numbers)
        _many_lines(numbers)
        record_id = db.session.scalars(
            select(UserSubscription.id).where(UserSubscription.user_id == FIRST)
        ).one()
        for path in (
            "/admin/users?size=100&q=many&tier=free",
            "/admin/subscriptions?size=100&q=many",
            "/admin/transactions?size=100&q=many",
            f"/admin/users/{FIRST}",
            f"/admin/users/{FIRST}/history",
            f"/admin/subscriptions/{record_id}",
        ):
            with queries.recorded() as statements:
                page = desk.open(path)
            counts.setdefault(path, []).append(len(statements))
            assert ("size" not in path) or f"1 to 100 of {numbers.stop:,}" in page.main, path

    assert all(few == many <= MAX_QUERIES for few, many in counts.values()), counts


def test_search_on_top_jumps(desk: PageClient) -> None:
    user = states.busy()
    with transaction():
        user.stripe_customer_id, user.external_id = "cus_1", "host-7"
    order_id = db.session.scalars(select(Order.id)).one()

    for text in (
        user.email.upper(),
        "cus_1",
        f"in_{user.id}",
        f"sub_{user.id}",
        "BH-1987",
        "host-7",
        str(user.id),
        f"order:{order_id}",
    ):
        desk.open("/admin/users")
        assert f"/admin/users/{user.id}" == desk.open(f"/admin/search?q={text}").path, text


def test_search_that_finds_nothing_shows_the_list(desk: PageClient) -> None:
    page = desk.open("/admin/search?q=nobody")

    assert "/admin/users" == page.path
    assert "Nothing matches" in page.main
