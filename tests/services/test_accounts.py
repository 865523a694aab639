"""Accounts: sign-up, log-in, and the ways to a new password."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine
from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import func, select

from billing import clock
from billing.database import db, transaction
from billing.errors import InvalidInput, LinkExpired, NotAuthenticated, RateLimited
from billing.models import User
from billing.services import accounts, sessions
from billing.services.accounts import Newcomer, SignUp
from tests.factories import account, demo_catalog
from tests.outbox import Outbox

EMAIL = "mara@northpier.test"
PASSWORD = "a calm harbor at dawn"
OTHER_PASSWORD = "seven green bottles fall"
ADDRESS = "203.0.113.7"


@pytest.fixture(autouse=True)
def _catalog(app: Flask) -> None:
    demo_catalog()


@pytest.fixture
def user(app: Flask) -> User:
    return account(EMAIL, password=PASSWORD)


def _sign_up(email: str = EMAIL, password: str = PASSWORD, address: str = ADDRESS) -> SignUp:
    return accounts.sign_up(email, password, newcomer=Newcomer(address), person_key="key of a test")


def _log_in(password: str = PASSWORD, email: str = EMAIL, address: str = ADDRESS) -> User:
    return accounts.authenticate(email, password, address=address)


def _outcomes(attempt: Callable[[int], object], count: int) -> list[str]:
    outcomes = []
    for number in range(count):
        try:
            attempt(number)
        except (NotAuthenticated, RateLimited) as refusal:
            outcomes.append(refusal.code)
        else:
            outcomes.append("ok")
    return outcomes


def _count_users() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count(User.id))) or 0


def test_new_person_is_logged_in_on_the_free_tier() -> None:
    done = _sign_up()

    user = sessions.find(done.session_token)
    assert user is not None
    assert user.email == EMAIL
    assert user.subscription.tier.slug == "free"
    assert user.token_balance.balance == 0


def test_new_person_is_welcomed_with_a_link(outbox: Outbox) -> None:
    _sign_up()

    letter = outbox.last("Welcome")

    assert letter.to == EMAIL
    accounts.verify_email(letter.token)
    assert db.session.scalars(select(User.email_verified_at)).one() is not None


@pytest.mark.parametrize(
    ("email", "password", "fields"),
    [
        ("mara", PASSWORD, {"email"}),
        (EMAIL, "short", {"password"}),
        ("mara", "short", {"email", "password"}),
        (f"{EMAIL}\r\nBcc: eve@evil.test", PASSWORD, {"email"}),
        (EMAIL, "billingapp1234", {"password"}),
    ],
)
def test_bad_fields_are_named_and_nothing_is_made(
    email: str, password: str, fields: set[str]
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        _sign_up(email, password)

    errors = refusal.value.members["errors"]
    assert isinstance(errors, dict)
    assert set(errors) == fields
    assert _count_users() == 0


def test_second_sign_up_with_the_password_is_a_log_in(user: User, outbox: Outbox) -> None:
    done = _sign_up()

    assert sessions.find(done.session_token) == user
    assert outbox.letters() == []


def test_sign_up_for_a_taken_address_opens_nothing_and_tells_the_owner(
    user: User, outbox: Outbox
) -> None:
    done = _sign_up("  MARA@northpier.test ", OTHER_PASSWORD)

    assert sessions.find(done.session_token) is None
    assert outbox.last().subject == "You already have a Billhook account"
    assert outbox.last().to == EMAIL
    assert _log_in() == user


def test_owner_is_told_once_an_hour(
    user: User, outbox: Outbox, frozen_time: time_machine.Traveller
) -> None:
    for _ in range(3):
        _sign_up(password=OTHER_PASSWORD)
    assert len(outbox.letters()) == 1

    frozen_time.shift(timedelta(hours=1))
    _sign_up(password=OTHER_PASSWORD)

    assert len(outbox.letters()) == 2


def test_sign_up_is_no_way_around_the_log_in_limit(user: User) -> None:
    for _ in range(6):
        _sign_up(password=OTHER_PASSWORD)

    done = _sign_up(password=PASSWORD)

    assert sessions.find(done.session_token) is None


def test_two_sign_ups_at_once_make_one_account(app: Flask) -> None:
    def _try(_number: int) -> SignUp:
        with app.app_context():
            return _sign_up()

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(_try, range(4)))

    assert _count_users() == 1
    assert [sessions.find(one.session_token) is not None for one in done] == [True] * 4


def test_thirtieth_sign_up_from_one_address_is_refused() -> None:
    outcomes = _outcomes(lambda number: _sign_up(f"person-{number}@northpier.test"), 30)

    assert outcomes == ["ok"] * 29 + ["rate_limited"]
    assert _count_users() == 29
    assert _sign_up(address="198.51.100.1").wrote_email


def test_right_password_logs_in(user: User) -> None:
    assert _log_in() == user
    assert _log_in(email="  Mara@NorthPier.test ") == user


@pytest.mark.parametrize("email", [EMAIL, "nobody@northpier.test", "", "\0", "not an address"])
def test_wrong_credentials_get_one_answer(user: User, email: str) -> None:
    with pytest.raises(NotAuthenticated) as refusal:
        _log_in(OTHER_PASSWORD, email)

    assert refusal.value.detail == "The email address or the password is not right."
    assert refusal.value.members == {}


@pytest.mark.parametrize("moment", ["disabled_at", "closed_at"])
def test_user_who_is_out_gets_the_same_answer(user: User, moment: str) -> None:
    with transaction():
        setattr(user, moment, clock.now())

    with pytest.raises(NotAuthenticated, match="not right"):
        _log_in()


def test_user_of_the_host_product_has_no_password(app: Flask) -> None:
    person = account("host@northpier.test")
    with transaction():
        person.password_hash = None

    with pytest.raises(NotAuthenticated):
        _log_in("nobody has this password", "host@northpier.test")


def test_sixth_try_at_an_account_waits(user: User) -> None:
    outcomes = _outcomes(lambda _number: _log_in(OTHER_PASSWORD), 7)

    assert outcomes == ["not_authenticated"] * 5 + ["rate_limited"] * 2
    with pytest.raises(RateLimited):
        _log_in(PASSWORD)


def test_waiting_is_over_after_a_quarter_of_an_hour(
    user: User, frozen_time: time_machine.Traveller
) -> None:
    _outcomes(lambda _number: _log_in(OTHER_PASSWORD), 7)

    frozen_time.shift(timedelta(minutes=15))

    assert _log_in() == user


def test_other_account_does_not_wait(user: User) -> None:
    other = account("noor@northpier.test", password=PASSWORD)
    _outcomes(lambda _number: _log_in(OTHER_PASSWORD), 7)

    assert _log_in(email="noor@northpier.test") == other


def test_unknown_account_waits_as_well(app: Flask) -> None:
    outcomes = _outcomes(lambda _number: _log_in(email="nobody@northpier.test"), 6)

    assert outcomes == ["not_authenticated"] * 5 + ["rate_limited"]


def test_right_password_clears_the_tries(user: User) -> None:
    _outcomes(lambda _number: _log_in(OTHER_PASSWORD), 4)
    _log_in()

    outcomes = _outcomes(lambda _number: _log_in(OTHER_PASSWORD), 5)

    assert outcomes == ["not_authenticated"] * 5


def test_guessing_over_many_accounts_is_stopped_by_address(app: Flask) -> None:
    outcomes = _outcomes(lambda number: _log_in(email=f"person-{number}@northpier.test"), 30)

    assert outcomes == ["not_authenticated"] * 29 + ["rate_limited"]


def test_right_passwords_do_not_use_up_the_address(user: User) -> None:
    assert _outcomes(lambda _number: _log_in(), 40) == ["ok"] * 40


def test_hash_with_old_parameters_is_renewed_at_log_in(user: User) -> None:
    old = PasswordHasher(memory_cost=8192, time_cost=1, parallelism=1).hash(PASSWORD)
    with transaction():
        user.password_hash = old

    _log_in()

    db.session.rollback()
    assert (user.password_hash or "").startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert _log_in() == user


def test_reset_sets_the_password_and_ends_every_session(user: User, outbox: Outbox) -> None:
    session_token = sessions.start(user)
    accounts.request_password_reset(EMAIL.upper(), address=ADDRESS)

    accounts.reset_password(outbox.last("Reset").token, OTHER_PASSWORD)

    assert sessions.find(session_token) is None
    assert _log_in(OTHER_PASSWORD) == user
    assert user.email_verified_at is not None
    assert outbox.last().subject == "Your Billhook password was changed"


def test_reset_link_works_once(user: User, outbox: Outbox) -> None:
    accounts.request_password_reset(EMAIL, address=ADDRESS)
    token = outbox.last("Reset").token
    accounts.reset_password(token, OTHER_PASSWORD)

    with pytest.raises(LinkExpired):
        accounts.reset_password(token, "a third password entirely")

    assert _log_in(OTHER_PASSWORD) == user


def test_reset_link_is_over_after_an_hour(
    user: User, outbox: Outbox, frozen_time: time_machine.Traveller
) -> None:
    accounts.request_password_reset(EMAIL, address=ADDRESS)
    token = outbox.last("Reset").token

    frozen_time.shift(timedelta(minutes=60))

    with pytest.raises(LinkExpired):
        accounts.reset_password(token, OTHER_PASSWORD)


def test_newer_reset_link_replaces_the_older(user: User, outbox: Outbox) -> None:
    accounts.request_password_reset(EMAIL, address=ADDRESS)
    first = outbox.last("Reset").token
    accounts.request_password_reset(EMAIL, address=ADDRESS)

    with pytest.raises(LinkExpired):
        accounts.reset_password(first, OTHER_PASSWORD)

    accounts.reset_password(outbox.last("Reset").token, OTHER_PASSWORD)


def test_poor_password_does_not_use_the_link_up(user: User, outbox: Outbox) -> None:
    accounts.request_password_reset(EMAIL, address=ADDRESS)
    token = outbox.last("Reset").token

    with pytest.raises(InvalidInput):
        accounts.reset_password(token, "mara.northpier")

    accounts.reset_password(token, OTHER_PASSWORD)


def test_one_kind_of_link_does_not_do_for_another(outbox: Outbox) -> None:
    _sign_up()

    with pytest.raises(LinkExpired):
        accounts.reset_password(outbox.last("Welcome").token, OTHER_PASSWORD)


def test_reset_lets_in_who_was_locked_out(user: User, outbox: Outbox) -> None:
    _outcomes(lambda _number: _log_in(OTHER_PASSWORD), 7)
    accounts.request_password_reset(EMAIL, address=ADDRESS)

    accounts.reset_password(outbox.last("Reset").token, OTHER_PASSWORD)

    assert _log_in(OTHER_PASSWORD) == user


def test_stranger_gets_no_reset_email(outbox: Outbox) -> None:
    accounts.request_password_reset("nobody@northpier.test", address=ADDRESS)

    assert outbox.letters() == []


@pytest.mark.parametrize("email", [EMAIL, "nobody@northpier.test"])
def test_sixth_reset_in_an_hour_is_refused_for_anybody(user: User, email: str) -> None:
    for _ in range(5):
        accounts.request_password_reset(email, address=ADDRESS)

    with pytest.raises(RateLimited):
        accounts.request_password_reset(email, address=ADDRESS)


def test_parallel_resets_with_one_link_change_the_password_once(
    app: Flask, user: User, outbox: Outbox
) -> None:
    accounts.request_password_reset(EMAIL, address=ADDRESS)
    token = outbox.last("Reset").token

    def _try(number: int) -> bool:
        with app.app_context():
            try:
                accounts.reset_password(token, f"{OTHER_PASSWORD} {number}")
            except LinkExpired:
                return False
            return True

    with ThreadPoolExecutor(4) as pool:
        won = list(pool.map(_try, range(4)))

    assert sum(won) == 1
    assert _log_in(f"{OTHER_PASSWORD} {won.index(True)}") == user


def test_changing_the_password_needs_the_current_one(user: User) -> None:
    with pytest.raises(InvalidInput) as refusal:
        accounts.change_password(
            user, current=OTHER_PASSWORD, new="a third password entirely", session_token=""
        )

    errors = refusal.value.members["errors"]
    assert errors == {"current_password": "This is not your password"}


def test_changing_the_password_ends_the_other_sessions(user: User, outbox: Outbox) -> None:
    here, there = sessions.start(user), sessions.start(user)

    accounts.change_password(user, current=PASSWORD, new=OTHER_PASSWORD, session_token=here)

    assert sessions.find(here) == user
    assert sessions.find(there) is None
    assert _log_in(OTHER_PASSWORD) == user
    assert outbox.last().subject == "Your Billhook password was changed"


def test_guessing_the_current_password_is_limited_too(user: User) -> None:
    for _ in range(5):
        with pytest.raises(InvalidInput):
            accounts.change_password(user, current="x", new=OTHER_PASSWORD, session_token="")

    with pytest.raises(RateLimited):
        accounts.change_password(user, current=PASSWORD, new=OTHER_PASSWORD, session_token="")


def test_verification_can_be_sent_again(user: User, outbox: Outbox) -> None:
    accounts.send_verification(user)
    first = outbox.last("Confirm").token
    accounts.send_verification(user)

    accounts.verify_email(outbox.last("Confirm").token)

    db.session.rollback()
    assert user.email_verified_at is not None
    with pytest.raises(LinkExpired):
        accounts.verify_email(first)
