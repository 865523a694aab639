"""The account page in every state of a plan: badge, sentence, what to do, and one notice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from flask import Flask

from billing.database import transaction
from billing.models import User
from tests import states
from tests.page import PageClient

pytestmark = pytest.mark.one_database


@dataclass(frozen=True)
class State:
    """A person, and what the page is to say and offer."""

    person: Callable[[], User]
    words: list[str]
    buttons: set[str] = field(default_factory=set)
    links: set[str] = field(default_factory=set)
    notice: str | None = None


STATES = {
    "free": State(states.free, ["Free", "No card on file."], links={"Upgrade", "Buy tokens"}),
    "active": State(
        states.subscribed,
        ["Active", "$49.00 a month. Renews on"],
        links={"Change plan", "Cancel plan"},
    ),
    "trial": State(
        states.trialing,
        ["Trial", "$49.00 will be charged on", "unless you cancel."],
        links={"Manage trial by another plan", "Cancel trial"},
        notice="Your trial ends on",
    ),
    "ending": State(
        states.ending,
        ["Moves to Free on", "No more charges.", "Visa ending 4242, expires 08/28"],
        {"Keep Pro"},
        {"Change plan"},
        notice="Pro ends on",
    ),
    "scheduled": State(
        states.downgrading,
        ["Active", "Moves to Starter, $19.00, on", "Starter, monthly $19.00"],
        {"Undo change"},
        notice="You move to Starter on",
    ),
    "past due": State(
        states.past_due,
        ["Past due", "$49.00 is due. Next try on", "Pro stays on until"],
        {"Pay $49.00 now"},
        {"Cancel plan"},
        notice="Visa ending 4242 was declined. We will try again on",
    ),
    "past due, invoice not here yet": State(
        states.unpaid,
        ["Past due", "$49.00 is due. Pro stays on until"],
        {"Pay $49.00 now"},
        notice="Your last payment did not go through",
    ),
    "bank confirmation": State(
        states.bank_asks,
        ["Action needed", "Your bank wants you to confirm the $49.00 renewal."],
        links={"Confirm payment"},
        notice="Confirm the payment of $49.00 by",
    ),
    "ended": State(
        states.ended,
        ["Ended", "Pro ended on", "You are on Free."],
        links={"Choose a plan"},
    ),
    "paused": State(
        states.paused,
        ["Paused", "Pro is paused: nothing is charged. You are on Free"],
        {"Manage the paused plan"},
        {"Choose a plan"},
    ),
    "first payment open": State(
        states.waiting,
        ["Waiting", "We have not received the first payment of $49.00."],
        {"Discard the unpaid plan"},
        {"Finish payment"},
    ),
    "card expires": State(
        states.card_expiring, ["Active"], links={"Change plan"}, notice="Your card expires soon"
    ),
}


@pytest.fixture(autouse=True)
def _on_sale(app: Flask) -> None:
    states.catalog_at_stripe()


@pytest.mark.parametrize("name", STATES)
def test_state(page: PageClient, name: str) -> None:
    state = STATES[name]
    states.log_in(page, state.person())

    page.open("/account")

    assert [] == [words for words in state.words if words not in page.current.main]
    assert state.buttons <= set(page.current.buttons)
    assert state.links <= set(page.current.links)
    notices = ["".join(each.itertext()) for each in page.current.all("div", "notice")]
    assert (state.notice is not None) == bool(notices)
    assert (state.notice or "") in " ".join("".join(notices).split())


def test_what_was_just_done_stands_in_place_of_the_notice(page: PageClient) -> None:
    states.log_in(page, states.ending())
    page.open("/account/cancel")

    assert ["Pro is cancelled already."] == [
        "".join(each.itertext()).strip() for each in page.current.all("div", "notice")
    ]
    page.open("/account")
    assert "Pro ends on" in page.current.main


def test_bank_comes_before_the_end_and_after_a_failed_payment(page: PageClient) -> None:
    user = states.ending()
    states.open_invoice(user, needs_confirmation=True, billing_reason="subscription_update")
    states.log_in(page, user)
    page.open("/account")

    assert 1 == len(page.current.all("div", "notice"))
    assert "Your bank wants you to confirm a payment" in page.current.main


def test_without_the_address_of_the_invoice_the_portal_is_the_way(page: PageClient) -> None:
    user = states.unpaid()
    with transaction():
        states.open_invoice(user, needs_confirmation=True, hosted_invoice_url=None)
    states.log_in(page, user)
    page.open("/account")

    assert "Confirm payment" in page.current.buttons


@pytest.mark.parametrize(
    ("person", "offered", "said"),
    [
        (states.subscribed, {"Upgrade to Scale", "Switch to Starter"}, "Your plan"),
        (states.downgrading, {"Upgrade to Scale"}, "Starts"),
        (states.past_due, set(), "Update card first"),
    ],
)
def test_pricing_offers_by_state(
    page: PageClient, person: Callable[[], User], offered: set[str], said: str
) -> None:
    states.log_in(page, person())
    page.open("/pricing")

    plans = {each for each in page.current.buttons if each.split()[0] in {"Upgrade", "Switch"}}
    assert offered == plans
    assert said in page.current.main


def test_pricing_shows_when_free_begins_and_keeps_the_plan(page: PageClient) -> None:
    states.log_in(page, states.ending())
    page.open("/pricing")

    assert "Starts" in page.current.main
    assert "Keep Pro" in page.current.links


def test_free_is_reached_by_cancelling(page: PageClient) -> None:
    states.log_in(page, states.subscribed())
    page.open("/pricing")

    page.follow("Switch to Free")

    assert page.current.h1 == "Cancel Pro"
