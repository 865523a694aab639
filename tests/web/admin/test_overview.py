"""The overview: each figure with its meaning, over the days that are asked for, and as CSV."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import insert

from billing import clock
from billing.database import transaction
from billing.domain.revenue import MovementKind
from billing.domain.statuses import OrderKind, SubscriptionStatus
from billing.models import RevenueMovement, User
from billing.services import catalog, revenue
from tests import queries, states
from tests.page import Page, PageClient
from tests.web.admin.test_lists import MAX_QUERIES

pytestmark = pytest.mark.one_database


def figures(page: Page) -> dict[str, str]:
    """Return the figure under each heading."""
    return {
        item[0].text or "": next(iter(item.iter("span"))).text or ""
        for item in page.all("div", "stats__item")
    }


def changes(page: Page) -> dict[str, list[str]]:
    """Return what the table of changes says: how many, and how much a month."""
    rows = {row[0].text or "": [cell.text or "" for cell in row[2:]] for row in page.all("tr")}
    return {name: cells for name, cells in rows.items() if name != "What"}


@pytest.fixture
def business(admin: User) -> None:
    """Four on Pro for 40 days; ten days ago one left, one became past due; one bought tokens."""
    with time_machine.travel(clock.now() - timedelta(days=40)):
        people = [states.subscribed() for _ in range(4)]
    with time_machine.travel(clock.now() - timedelta(days=10)):
        states.past_due()
        states.order(people[1], OrderKind.TOKENS)
        with transaction():
            row = people[0].subscription
            row.tier_version = catalog.get_default_tier().current_version
            row.status, row.ended_at = SubscriptionStatus.CANCELED, clock.now()
            revenue.follow(row)


@pytest.mark.usefixtures("business")
def test_figures_are_of_the_days_that_are_asked_for(desk: PageClient) -> None:
    page = desk.open("/admin/")

    assert figures(page) == {
        "Monthly recurring revenue": "$196.00",
        "Paying accounts": "4",
        "Churn": "25%",
        "Revenue by account": "$49.00",
        "Past due": "$49.00",
        "Token sales": "$60.00",
        "Webhook events not applied": "0",
        "Ledger drift": "0 tokens",
    }
    assert changes(page)["New"] == ["1", "+$49.00"]
    assert changes(page)["Churn"] == ["1", "\N{MINUS SIGN}$49.00"]

    week = desk.follow("Last 7 days")
    assert figures(week)["Churn"] == "0%"
    assert figures(week)["Token sales"] == "$0.00"


def test_days_can_be_typed_and_nonsense_is_the_last_30(desk: PageClient) -> None:
    typed = desk.open("/admin/?from=2025-01-01&to=2025-01-31")

    assert "2025-01-31" in [field.get("value") for field in typed.all("input")]
    assert "Jan 1, 2025 to Jan 31, 2025, UTC" in typed.main
    for nonsense in ("from=x&to=y", "from=2026-05-01&to=2026-04-01", "days=31", "from=9999-12-31"):
        page = desk.open(f"/admin/?{nonsense}")
        assert "Last 30 days" in [a.text for a in page.all("a") if a.get("aria-current") == "true"]


@pytest.mark.usefixtures("business")
def test_export_has_every_figure_as_a_plain_number(desk: PageClient, client: FlaskClient) -> None:
    answer = client.get("/admin/overview.csv?days=30")

    lines = [line.split(",") for line in answer.text.splitlines()]
    values = {line[3]: line[4] for line in lines[1:]}
    assert lines[0] == ["from", "to", "currency", "figure", "value"]
    assert values["mrr_at_end"] == "196.00"
    assert values["mrr_churn"] == "-49.00"
    assert values["churn"] == "0.25"
    assert "attachment" in answer.headers["Content-Disposition"]


def test_page_asks_as_little_of_a_long_log_as_of_a_short_one(desk: PageClient) -> None:
    user = states.subscribed()
    counts = []
    for number in (100, 10_000):
        with transaction() as session:
            session.execute(
                insert(RevenueMovement),
                [
                    {
                        "user_id": user.id,
                        "kind": MovementKind.EXPANSION,
                        "currency": "USD",
                        "delta_minor": 1,
                        "monthly_minor": 1,
                        "tier_version_id": user.subscription.tier_version_id,
                        "occurred_at": clock.now(),
                    }
                ]
                * number,
            )
        with queries.recorded() as statements:
            desk.open("/admin/")
        counts.append(len(statements))

    assert counts[0] == counts[1] <= MAX_QUERIES
