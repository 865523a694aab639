"""Tokens come in lots, lapse by themselves, and go back as far as they were not spent."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from billing import clock
from billing.database import db, transaction
from billing.domain.ledger import LotSource
from billing.errors import IdempotencyMismatch, InsufficientTokens, InvalidInput
from billing.models import AiRequest, TokenTransaction, User
from billing.services import expiry, holds, ledger, metering, usage, verification
from tests.ledger import Ledger, lots_of


def grant(user: User, tokens: int, key: str) -> ledger.GrantReceipt:
    return ledger.grant(
        user.id,
        tokens,
        source=LotSource.ORDER,
        reason="Order 1",
        actor="stripe",
        idempotency_key=key,
    )


def claw(user: User, tokens: int, lot_id: int, key: str = "refund:1") -> ledger.ClawbackReceipt:
    return ledger.clawback(
        user.id, tokens, lot_id=lot_id, reason="Refund", actor="stripe", idempotency_key=key
    )


class TestGrant:
    def test_it_adds_a_lot_and_a_line(self, ledger: Ledger) -> None:
        user = ledger.user()

        receipt = grant(user, 100, "order:1")

        assert 100 == receipt.token_balance == user.token_balance.balance
        (line,) = usage.list_transactions(user.id).lines
        assert ("grant", 100, receipt.id) == (line.kind, line.delta, line.id)

    def test_the_same_key_grants_once(self, ledger: Ledger) -> None:
        user = ledger.user()

        receipts = [grant(user, 100, "order:1"), grant(user, 100, "order:1")]

        assert receipts[0] == receipts[1]
        assert 100 == user.token_balance.balance

    def test_the_key_with_another_amount_is_refused(self, ledger: Ledger) -> None:
        user = ledger.user()
        grant(user, 100, "order:1")

        with pytest.raises(IdempotencyMismatch):
            grant(user, 200, "order:1")

    @pytest.mark.parametrize("tokens", [0, -5, 10**15 + 1])
    def test_an_amount_out_of_bounds_is_refused(self, ledger: Ledger, tokens: int) -> None:
        user = ledger.user()

        with pytest.raises(InvalidInput):
            grant(user, tokens, "order:1")

    def test_a_balance_never_grows_beyond_what_is_counted(self, ledger: Ledger) -> None:
        user = ledger.user()
        grant(user, 10**15, "order:1")

        with pytest.raises(InvalidInput):
            grant(user, 1, "order:2")


class TestLots:
    def test_the_earliest_expiry_is_spent_first_and_never_expiring_last(
        self, ledger: Ledger
    ) -> None:
        user = ledger.user(quota=0)
        for_ever = ledger.grant(user, 10)
        late = ledger.grant(user, 10, expires_at=clock.now() + timedelta(days=9))
        soon = ledger.grant(user, 10, expires_at=clock.now() + timedelta(days=2))

        metering.record(user, "chat", 15)

        assert {for_ever.lot_id: 10, late.lot_id: 5, soon.lot_id: 0} == lots_of(user)

    def test_what_was_spent_before_a_lot_came_is_not_taken_from_it(self, ledger: Ledger) -> None:
        user = ledger.user(quota=0)
        first = ledger.grant(user, 10)
        metering.record(user, "chat", 4)

        second = ledger.grant(user, 10, expires_at=clock.now() + timedelta(days=2))

        assert {first.lot_id: 6, second.lot_id: 10} == lots_of(user)

    def test_an_expired_lot_pays_nothing(self, ledger: Ledger) -> None:
        user = ledger.user(quota=0)
        with time_machine.travel(clock.now(), tick=False) as traveller:
            ledger.grant(user, 10, expires_at=clock.now() + timedelta(days=2))
            metering.record(user, "chat", 4)
            traveller.shift(timedelta(days=2))

            with pytest.raises(InsufficientTokens) as refusal:
                metering.record(user, "chat")

            assert 0 == refusal.value.members["balance"]
            assert -6 == usage.list_transactions(user.id).lines[0].delta

    def test_the_job_expires_the_lots_of_the_idle(self, ledger: Ledger) -> None:
        users = [ledger.user(quota=0) for _ in range(3)]
        with time_machine.travel(clock.now(), tick=False) as traveller:
            for user in users:
                ledger.grant(user, 10, expires_at=clock.now() + timedelta(days=2))
            traveller.shift(timedelta(days=3))

            assert 3 == expiry.expire_due()
            assert 0 == expiry.expire_due()

        assert [0, 0, 0] == [user.token_balance.balance for user in users]


class TestClawback:
    def test_it_takes_what_the_lot_still_has(self, ledger: Ledger) -> None:
        user = ledger.user(quota=0)
        lot = grant(user, 100, "order:1").lot_id
        ledger.grant(user, 5)

        receipt = claw(user, 100, lot)

        assert (100, 5, 0) == (receipt.tokens, receipt.token_balance, receipt.debt)

    def test_what_was_spent_becomes_a_debt_that_the_next_lot_repays(self, ledger: Ledger) -> None:
        user = ledger.user(quota=0)
        lot = grant(user, 100, "order:1").lot_id
        metering.record(user, "chat", 70)

        receipt = claw(user, 100, lot)
        following = grant(user, 100, "order:2")

        assert (0, 70) == (receipt.token_balance, receipt.debt)
        assert (70, 30) == (following.repaid, following.token_balance)

    def test_the_same_key_takes_once(self, ledger: Ledger) -> None:
        user = ledger.user()
        lot = grant(user, 100, "order:1").lot_id

        assert claw(user, 60, lot) == claw(user, 60, lot)
        assert 40 == user.token_balance.balance

    def test_no_more_is_taken_than_the_lot_gave(self, ledger: Ledger) -> None:
        user = ledger.user(quota=0)
        lot = grant(user, 100, "order:1").lot_id
        metering.record(user, "chat", 30)

        claw(user, 80, lot, "refund:1")
        receipt = claw(user, 80, lot, "refund:2")

        assert (20, 0, 30) == (receipt.tokens, receipt.token_balance, receipt.debt)

    def test_what_a_hold_has_is_taken_when_it_is_free(self, ledger: Ledger) -> None:
        user = ledger.user(quota=0)
        lot = grant(user, 100, "order:1").lot_id
        held = holds.hold(user, "chat", 40)
        assert (40, 40) == (claw(user, 100, lot).token_balance, user.token_balance.debt)

        held.settle(10)

        assert (0, 10) == (user.token_balance.balance, user.token_balance.debt)


class TestAppendOnly:
    @pytest.mark.parametrize("model", [AiRequest, TokenTransaction])
    @pytest.mark.parametrize("change", ["UPDATE {} SET balance_after = 0", "DELETE FROM {}"])
    def test_the_database_refuses_to_change_a_row(
        self, ledger: Ledger, model: type[AiRequest] | type[TokenTransaction], change: str
    ) -> None:
        metering.record(ledger.user(quota=0, tokens=5), "chat")

        with pytest.raises(IntegrityError), transaction() as session:
            session.execute(text(change.format(model.__tablename__)))


class TestVerify:
    def test_it_names_the_breach(self, ledger: Ledger) -> None:
        user = ledger.user(tokens=10)
        with transaction():
            user.token_balance.balance = 11
        try:
            found = {breach.subject for breach in verification.breaches()}

            assert {"balance less debt", "tokens left in lots"} == found
        finally:
            with transaction():
                user.token_balance.balance = 10

    def test_the_books_agree_when_nothing_was_done(self, ledger: Ledger) -> None:
        user = ledger.user()

        assert [] == list(verification.breaches())
        assert [] == list(db.session.scalars(select(AiRequest.entry).filter_by(user_id=user.id)))
