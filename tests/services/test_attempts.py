"""How often somebody may try: counted in the database, in windows."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from billing.database import db
from billing.errors import RateLimited
from billing.models import CredentialAttempts
from billing.services import attempts
from billing.services.attempts import Limit

THREE_AN_HOUR = Limit("test", 3, timedelta(hours=1))


def _tries_that_pass(count: int, subject: str = "mara@northpier.io") -> int:
    passed = 0
    for _ in range(count):
        try:
            attempts.spend(THREE_AN_HOUR, subject)
        except RateLimited:
            continue
        passed += 1
    return passed


def test_tries_beyond_the_limit_are_refused(app: Flask) -> None:
    assert _tries_that_pass(7) == 3


def test_refusal_says_how_long_to_wait(app: Flask, frozen_time: time_machine.Traveller) -> None:
    _tries_that_pass(3)
    frozen_time.shift(timedelta(minutes=20))

    with pytest.raises(RateLimited) as refusal:
        attempts.spend(THREE_AN_HOUR, "mara@northpier.io")

    assert refusal.value.members == {"retry_after_seconds": 40 * 60 + 1}


def test_next_window_starts_anew(app: Flask, frozen_time: time_machine.Traveller) -> None:
    _tries_that_pass(7)

    frozen_time.shift(timedelta(hours=1))

    assert _tries_that_pass(7) == 3


def test_subjects_do_not_share_a_limit(app: Flask) -> None:
    _tries_that_pass(7)

    assert _tries_that_pass(7, "noor@northpier.io") == 3


def test_right_try_is_given_back(app: Flask) -> None:
    _tries_that_pass(3)

    attempts.give_back(THREE_AN_HOUR, "mara@northpier.io")

    assert _tries_that_pass(7) == 1


def test_forgotten_subject_starts_anew(app: Flask) -> None:
    _tries_that_pass(7)

    attempts.forget(THREE_AN_HOUR, "mara@northpier.io")

    assert _tries_that_pass(7) == 3


def test_parallel_tries_cannot_slip_through(app: Flask) -> None:
    def _try(_number: int) -> int:
        with app.app_context():
            return _tries_that_pass(1)

    with ThreadPoolExecutor(8) as pool:
        passed = sum(pool.map(_try, range(24)))

    assert passed == 3


def test_subject_is_not_stored_in_clear(app: Flask) -> None:
    _tries_that_pass(1)

    assert db.session.scalars(select(CredentialAttempts.subject_hash)).one() != "mara@northpier.io"


def test_old_windows_are_swept_out(app: Flask, frozen_time: time_machine.Traveller) -> None:
    _tries_that_pass(1)

    frozen_time.shift(timedelta(days=2))
    _tries_that_pass(1, "noor@northpier.io")

    assert len(db.session.scalars(select(CredentialAttempts)).all()) == 1


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("", ""),
        ("unix:", "unix:"),
    ],
)
def test_ipv6_neighbours_count_as_one(address: str, network: str) -> None:
    assert attempts.network_of(address) == network
