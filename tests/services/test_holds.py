"""A hold reserves, is settled once, and gives the rest back to exactly where it came from."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine

from billing import clock
from billing.errors import HoldClosed, HoldNotFound, IdempotencyMismatch, InsufficientTokens
from billing.services import holds, metering, usage
from tests.ledger import Ledger, lots_of


class TestHold:
    def test_it_reserves_quota_first(self, ledger: Ledger) -> None:
        user = ledger.user(quota=3, tokens=100)

        held = holds.hold(user, "mentor", 5)

        summary = usage.summary(user)
        assert (3, 10) == (held.from_quota, held.tokens)
        assert (0, 3, 0) == (summary.quota.used, summary.quota.held, summary.quota.remaining)
        assert (100, 10, 90) == (
            summary.tokens.balance,
            summary.tokens.held,
            summary.tokens.available,
        )

    def test_what_is_held_cannot_be_spent(self, ledger: Ledger) -> None:
        user = ledger.user(quota=0, tokens=10)
        holds.hold(user, "mentor", 2)

        with pytest.raises(InsufficientTokens):
            metering.record(user, "chat")

    def test_the_same_key_again_is_the_same_hold(self, ledger: Ledger) -> None:
        user = ledger.user(quota=5)
        first = holds.hold(user, "chat", 2, idempotency_key="job:1")

        second = holds.hold(user, "chat", 2, idempotency_key="job:1")

        assert first == second
        assert 2 == usage.summary(user).quota.held

    def test_the_key_with_another_quantity_is_refused(self, ledger: Ledger) -> None:
        user = ledger.user(quota=5)
        holds.hold(user, "chat", 2, idempotency_key="job:1")

        with pytest.raises(IdempotencyMismatch):
            holds.hold(user, "chat", 3, idempotency_key="job:1")

    def test_more_than_there_is_cannot_be_held(self, ledger: Ledger) -> None:
        user = ledger.user(quota=1, tokens=4)

        with pytest.raises(InsufficientTokens):
            holds.hold(user, "mentor", 2)

        assert 0 == usage.summary(user).tokens.held


class TestSettle:
    def test_the_rest_goes_back(self, ledger: Ledger) -> None:
        user = ledger.user(quota=1, tokens=100)
        held = holds.hold(user, "mentor", 5)

        settlement = held.settle(3)

        (receipt,) = settlement.receipts
        assert (3, 1, 10) == (receipt.quantity, receipt.from_quota, receipt.tokens_charged)
        assert (90, 0) == (user.token_balance.balance, user.token_balance.held)

    def test_a_hold_is_settled_once(self, ledger: Ledger) -> None:
        held = holds.hold(ledger.user(), "chat", 2)
        held.settle(1)

        with pytest.raises(HoldClosed):
            held.settle(1)

    def test_late_is_too_late(self, ledger: Ledger) -> None:
        user = ledger.user(quota=0, tokens=10)
        with time_machine.travel(clock.now(), tick=False) as traveller:
            held = holds.hold(user, "mentor", 2, ttl_seconds=60)
            traveller.shift(timedelta(seconds=60))

            with pytest.raises(HoldClosed):
                held.settle(1)

            assert 10 == usage.summary(user).tokens.available

    def test_more_than_was_held_is_drawn_where_it_can_be(self, ledger: Ledger) -> None:
        user = ledger.user(quota=2, tokens=12)
        held = holds.hold(user, "mentor", 1)

        settlement = held.settle(6)

        assert [1, 3] == [receipt.quantity for receipt in settlement.receipts]
        assert 2 == settlement.shortfall
        assert 2 == user.token_balance.balance

    def test_tokens_come_out_of_the_lots_that_were_held(self, ledger: Ledger) -> None:
        user = ledger.user(quota=0)
        soon = clock.now() + timedelta(days=1)
        late = ledger.grant(user, 50)
        early = ledger.grant(user, 50, expires_at=soon)
        held = holds.hold(user, "mentor", 8)
        metering.record(user, "mentor", 6)

        held.settle(8)

        assert {early.lot_id: 0, late.lot_id: 30} == lots_of(user)

    def test_the_quota_of_a_past_period_is_charged_there(self, ledger: Ledger) -> None:
        user = ledger.user(quota=5)
        with time_machine.travel(user.token_balance.period_end, tick=False) as traveller:
            traveller.shift(timedelta(minutes=-1))
            held = holds.hold(user, "chat", 3)
            traveller.shift(timedelta(minutes=2))

            settlement = held.settle(2)

            assert 2 == settlement.receipts[0].quota.used
            assert (0, 5) == (usage.summary(user).quota.used, usage.summary(user).quota.remaining)

    def test_nothing_used_gives_all_back(self, ledger: Ledger) -> None:
        user = ledger.user(quota=5)

        settlement = holds.hold(user, "chat", 3).settle(0)

        assert () == settlement.receipts
        assert 5 == usage.summary(user).quota.remaining


class TestRelease:
    def test_tokens_of_a_lot_that_expired_meanwhile_expire(self, ledger: Ledger) -> None:
        user = ledger.user(quota=0)
        with time_machine.travel(clock.now(), tick=False) as traveller:
            ledger.grant(user, 10, expires_at=clock.now() + timedelta(minutes=1))
            held = holds.hold(user, "chat", 4)
            traveller.shift(timedelta(minutes=2))
            assert 4 == usage.summary(user).tokens.balance

            held.release()

            assert 0 == usage.summary(user).tokens.balance

    def test_another_users_hold_is_not_there(self, ledger: Ledger) -> None:
        held = holds.hold(ledger.user(), "chat")

        with pytest.raises(HoldNotFound):
            holds.release(ledger.user().id, held.id)


class TestBlock:
    def test_it_releases_when_the_block_raises(self, ledger: Ledger) -> None:
        user = ledger.user(quota=5)

        with pytest.raises(ZeroDivisionError), holds.hold(user, "chat", 3):
            _ = 1 / 0

        assert (0, 0) == (usage.summary(user).quota.used, usage.summary(user).quota.held)

    def test_it_settles_all_when_the_block_ends(self, ledger: Ledger) -> None:
        user = ledger.user(quota=5)

        with holds.hold(user, "chat", 3):
            pass

        assert 3 == usage.summary(user).quota.used

    def test_it_leaves_alone_what_the_block_has_settled(self, ledger: Ledger) -> None:
        user = ledger.user(quota=5)

        with holds.hold(user, "chat", 3) as held:
            held.settle(1)

        assert 1 == usage.summary(user).quota.used
