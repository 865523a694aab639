"""Sessions: how long they live, and what ends them."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select

from billing import clock
from billing.database import db, transaction
from billing.models import User, UserSession
from billing.services import sessions
from tests.factories import account, demo_catalog


@pytest.fixture
def user(app: Flask) -> User:
    demo_catalog()
    return account()


def test_token_opens_its_users_session(user: User) -> None:
    token = sessions.start(user, user_agent="Browser/1.0")

    assert sessions.find(token) == user


@pytest.mark.parametrize("token", ["", "made up", "\0", "\ud800"])
def test_other_tokens_open_nothing(user: User, token: str) -> None:
    sessions.start(user)

    assert sessions.find(token) is None


def test_token_itself_is_not_stored(user: User) -> None:
    token = sessions.start(user)

    row = db.session.scalars(select(UserSession)).one()
    assert token not in {row.token_hash, row.user_agent}
    assert len(row.token_hash) == 64


def test_two_browsers_have_two_sessions(user: User) -> None:
    first, second = sessions.start(user), sessions.start(user)

    sessions.end(first)

    assert sessions.find(first) is None
    assert sessions.find(second) == user


def test_idle_session_ends_after_a_day(user: User, frozen_time: time_machine.Traveller) -> None:
    token = sessions.start(user)

    frozen_time.shift(timedelta(hours=23))
    assert sessions.find(token) == user
    frozen_time.shift(timedelta(hours=23))
    assert sessions.find(token) == user
    frozen_time.shift(timedelta(hours=25))
    assert sessions.find(token) is None


def test_daily_use_ends_after_two_weeks(user: User, frozen_time: time_machine.Traveller) -> None:
    token = sessions.start(user)
    seen = []
    for _day in range(15):
        seen.append(sessions.find(token) is not None)
        frozen_time.shift(timedelta(hours=23, minutes=59))

    assert seen == [True] * 15
    assert sessions.find(token) is None


def test_use_is_noted_every_ten_minutes_only(
    user: User, frozen_time: time_machine.Traveller
) -> None:
    token = sessions.start(user)
    started_at = clock.now()
    noted = select(UserSession.last_seen_at)

    frozen_time.shift(timedelta(minutes=9))
    sessions.find(token)
    assert db.session.scalar(noted) == started_at
    frozen_time.shift(timedelta(minutes=1))
    sessions.find(token)
    assert db.session.scalar(noted) == clock.now()


@pytest.mark.parametrize("moment", ["disabled_at", "closed_at"])
def test_user_who_is_out_has_no_session(user: User, moment: str) -> None:
    token = sessions.start(user)

    with transaction():
        setattr(user, moment, clock.now())

    assert sessions.find(token) is None


def test_ending_all_keeps_the_one_that_asks(user: User) -> None:
    here, there = sessions.start(user), sessions.start(user)
    somebody_else = sessions.start(account())

    sessions.end_all(user, keep=here)

    assert sessions.find(here) == user
    assert sessions.find(there) is None
    assert sessions.find(somebody_else) is not None


def test_starting_a_session_clears_the_users_dead_ones(
    user: User, frozen_time: time_machine.Traveller
) -> None:
    sessions.start(user)

    frozen_time.shift(timedelta(days=2))
    sessions.start(user)

    assert db.session.scalar(select(func.count(UserSession.id))) == 1


def test_odd_user_agent_is_cut_to_fit(user: User) -> None:
    sessions.start(user, user_agent="\0" + "x" * 5000)

    assert db.session.scalar(select(UserSession.user_agent)) == "x" * 200
