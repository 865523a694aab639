"""Token adjustments: seen first, made once, and told of in the ledger and the audit log."""

from __future__ import annotations

import pytest

from billing.database import db, transaction
from billing.models import Email, User
from billing.services import usage, verification
from tests import states
from tests.page import Page, PageClient
from tests.web.admin import desk_log

pytestmark = pytest.mark.one_database


@pytest.fixture
def user(admin: User) -> User:
    return states.on_tokens()


def _preview(desk: PageClient, user: User, tokens: str, code: str = "goodwill") -> Page:
    desk.open(f"/admin/users/{user.id}")
    desk.follow("Adjust tokens")
    return desk.press("Preview", tokens=tokens, reason="Ticket 12", code=code)


def _newest_line(user: User) -> tuple[str, int, int, str | None]:
    db.session.rollback()
    line = usage.list_transactions(user.id, limit=1).lines[0]
    return line.kind, line.delta, line.balance_after, line.reason


def test_tokens_are_given(desk: PageClient, user: User) -> None:
    page = _preview(desk, user, "500", code="goodwill")
    assert "490 → 990" in page.main

    page = desk.press("Give 500 tokens")

    assert "+500 tokens, as you confirmed." in page.main
    assert ("grant", 500, 990, "Goodwill") == _newest_line(user)
    (logged,) = desk_log.by_admins()
    assert ("tokens.adjusted", "Goodwill: Ticket 12") == (logged.action, logged.reason)
    assert ({"balance": 490, "debt": 0}, {"balance": 990, "debt": 0, "tokens": 500}) == (
        logged.before,
        logged.after,
    )
    assert [] == list(verification.breaches())


def test_tokens_are_taken(desk: PageClient, user: User) -> None:
    page = _preview(desk, user, "-200", code="correction")
    assert "490 → 290" in page.main

    desk.press("Take 200 tokens")

    assert ("withdraw", -200, 290, "Correction") == _newest_line(user)
    assert [] == list(verification.breaches())


def test_second_press_does_nothing_more(desk: PageClient, user: User) -> None:
    page = _preview(desk, user, "500")

    desk.press("Give 500 tokens")
    desk.back(page)
    desk.press("Give 500 tokens")

    db.session.rollback()
    assert 990 == usage.summary(user).tokens.balance
    assert 1 == len(desk_log.by_admins())


def test_user_is_told_if_the_admin_wants(desk: PageClient, user: User) -> None:
    desk.open(f"/admin/users/{user.id}/adjust")
    desk.press("Preview", tokens="-200", reason="Ticket 12", writes_email="yes")
    desk.press("Take 200 tokens")
    _preview(desk, user, "7")
    desk.press("Give 7 tokens")

    db.session.rollback()
    sent = db.session.scalars(db.select(Email).where(Email.user_id == user.id)).all()
    assert [("tokens_adjusted", {"tokens": -200, "balance": 290})] == [
        (each.kind, each.context) for each in sent
    ]


def test_large_amount_is_typed_twice(desk: PageClient, user: User) -> None:
    _preview(desk, user, "10000")

    page = desk.press("Give 10,000 tokens", again="1000", status=422)
    assert "Type the same number again" in page.main
    desk.press("Give 10,000 tokens", again="10000")

    db.session.rollback()
    assert 10_490 == usage.summary(user).tokens.balance


def test_debt_is_repaid_first(desk: PageClient, user: User) -> None:
    with transaction():
        user.token_balance.debt = 300  # breaks the books on purpose: only the preview is read

    page = _preview(desk, user, "500")

    assert "490 → 690" in page.main
    assert "300 → 0" in page.main


@pytest.mark.parametrize(
    ("tokens", "problem"),
    [
        ("-491", "There are only 490 tokens to take"),
        ("0", "Enter a number that is not 0"),
        ("1.5", "Enter a number that is not 0"),
        ("9" * 17, "Enter a number that is not 0"),
        ("", "Enter a number that is not 0"),
    ],
)
def test_what_cannot_be_done_is_said(
    desk: PageClient, user: User, tokens: str, problem: str
) -> None:
    desk.open(f"/admin/users/{user.id}/adjust")

    page = desk.press("Preview", tokens=tokens, reason="Ticket 12", status=422)

    assert problem in page.main
    assert 490 == usage.summary(user).tokens.balance
