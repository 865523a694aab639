"""`flask billing verify`, `explain` and `expire`."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from flask.testing import FlaskCliRunner

from billing import clock
from billing.database import transaction
from billing.services import metering
from tests.ledger import Ledger

pytestmark = pytest.mark.one_database


class TestVerify:
    def test_it_says_that_the_books_agree(self, cli: FlaskCliRunner, ledger: Ledger) -> None:
        metering.record(ledger.user(quota=1, tokens=10), "mentor", 2)

        result = cli.invoke(args=["billing", "verify"])

        assert (0, "The books agree.\n") == (result.exit_code, result.stdout)

    def test_it_lists_each_breach_and_fails(self, cli: FlaskCliRunner, ledger: Ledger) -> None:
        user = ledger.user(quota=1)
        metering.record(user, "chat")
        with transaction():
            user.token_balance.quota_used = 0
        try:
            result = cli.invoke(args=["billing", "verify"])

            assert 1 == result.exit_code
            assert f"quota: user {user.id}, quota used from " in result.stdout
            assert "the log says 1, the row says 0" in result.stdout
            assert "Error: 1 breaches.\n" == result.stderr
        finally:
            with transaction():
                user.token_balance.quota_used = 1


class TestExplain:
    def test_it_tells_the_steps_of_a_request(self, cli: FlaskCliRunner, ledger: Ledger) -> None:
        receipt = metering.record(ledger.user(quota=1, tokens=10), "mentor", 2)

        result = cli.invoke(args=["billing", "explain", receipt.id])

        assert 0 == result.exit_code
        assert receipt.id in result.stdout
        assert "2 mentor" in result.stdout
        assert "lot " in result.stdout

    def test_what_does_not_exist_is_an_error(self, cli: FlaskCliRunner, ledger: Ledger) -> None:
        result = cli.invoke(args=["billing", "explain", f"air_{ledger.user().id}_7"])

        assert (1, "") == (result.exit_code, result.stdout)


class TestExpire:
    def test_it_posts_the_expiry_of_the_idle(self, cli: FlaskCliRunner, ledger: Ledger) -> None:
        user = ledger.user()
        ledger.grant(user, 10, expires_at=clock.now() + timedelta(days=1))
        with time_machine.travel(clock.now() + timedelta(days=2), tick=False):
            result = cli.invoke(args=["billing", "expire"])

        assert (0, "1 users brought up to date.\n") == (result.exit_code, result.stdout)
        assert 0 == user.token_balance.balance
