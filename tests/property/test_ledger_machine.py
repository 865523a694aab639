"""Whatever is done in whatever order, the books agree, and what can be paid is paid."""

from __future__ import annotations

from datetime import timedelta
from itertools import count

import pytest
import time_machine
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from billing import clock
from billing.database import db, transaction
from billing.domain.metering import Receipt
from billing.errors import HoldClosed, InsufficientTokens
from billing.models import TokenLot
from billing.services import expiry, holds, ledger, metering, quotas, usage, verification
from billing.services.holds import HeldRequest
from billing.services.metering_batch import BatchRequest, record_batch
from tests.ledger import COSTS, Ledger

FEATURES = st.sampled_from(["chat", "mentor"])
QUANTITIES = st.integers(1, 12)
QUOTAS = st.sampled_from([0, 3, 20, None])


class LedgerMachine(RuleBasedStateMachine):
    """One user, all that can happen to it, and time that goes on."""

    books: Ledger

    def __init__(self) -> None:
        super().__init__()
        self.keys = count()
        self.held: list[HeldRequest] = []
        self.lots: list[int] = []
        self.receipts: dict[str, tuple[str, int, Receipt]] = {}
        self.clock = time_machine.travel(clock.now(), tick=False)
        self.time = self.clock.start()

    def teardown(self) -> None:
        self.clock.stop()
        db.session.rollback()

    @initialize(quota=QUOTAS)
    def open(self, quota: int | None) -> None:
        self.user = self.books.user(quota=quota)

    @rule(feature=FEATURES, quantity=QUANTITIES)
    def record(self, feature: str, quantity: int) -> None:
        before = usage.summary(self.user)
        from_quota = before.quota.covers(quantity)
        tokens = (quantity - from_quota) * COSTS[feature]
        key = f"request:{next(self.keys)}"
        if tokens > before.tokens.available:
            with pytest.raises(InsufficientTokens, match=f"needs {tokens} tokens"):
                metering.record(self.user, feature, quantity, idempotency_key=key)
            return
        receipt = metering.record(self.user, feature, quantity, idempotency_key=key)
        assert (from_quota, tokens) == (receipt.from_quota, receipt.tokens_charged)
        assert before.tokens.balance - tokens == receipt.token_balance
        self.receipts[key] = (feature, quantity, receipt)

    @precondition(lambda self: self.receipts)
    @rule(data=st.data())
    def record_again(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.receipts)))
        feature, quantity, receipt = self.receipts[key]

        assert receipt == metering.record(self.user, feature, quantity, idempotency_key=key)

    @rule(wanted=st.lists(st.tuples(FEATURES, QUANTITIES), min_size=1, max_size=4))
    def record_batch(self, wanted: list[tuple[str, int]]) -> None:
        record_batch([BatchRequest(self.user, *each) for each in wanted])

    @rule(tokens=st.integers(1, 60), days=st.sampled_from([None, 1, 5, 40]))
    def grant(self, tokens: int, days: int | None) -> None:
        expires_at = None if days is None else clock.now() + timedelta(days=days)
        self.lots.append(self.books.grant(self.user, tokens, expires_at=expires_at).lot_id)

    @precondition(lambda self: self.lots)
    @rule(data=st.data(), tokens=st.integers(1, 60))
    def claw_back(self, data: st.DataObject, tokens: int) -> None:
        ledger.clawback(
            self.user.id,
            tokens,
            lot_id=data.draw(st.sampled_from(self.lots)),
            reason="Refund",
            actor="test",
            idempotency_key=f"refund:{next(self.keys)}",
        )

    @rule(feature=FEATURES, quantity=QUANTITIES, ttl_seconds=st.sampled_from([60, 600_000]))
    def hold(self, feature: str, quantity: int, ttl_seconds: int) -> None:
        try:
            self.held.append(holds.hold(self.user, feature, quantity, ttl_seconds=ttl_seconds))
        except InsufficientTokens:
            return

    @precondition(lambda self: self.held)
    @rule(data=st.data(), quantity=st.integers(0, 20))
    def settle(self, data: st.DataObject, quantity: int) -> None:
        held = data.draw(st.sampled_from(self.held))
        self.held.remove(held)
        try:
            settlement = held.settle(quantity)
        except HoldClosed:
            assert held.expires_at <= clock.now()
            return
        charged = sum(receipt.quantity for receipt in settlement.receipts)
        assert quantity == charged + settlement.shortfall

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        held = data.draw(st.sampled_from(self.held))
        self.held.remove(held)
        try:
            held.release()
        except HoldClosed:
            assert held.expires_at <= clock.now()

    @rule(quota=QUOTAS, has_new_anchor=st.booleans())
    def change_tier(self, quota: int | None, has_new_anchor: bool) -> None:
        anchor = clock.now() if has_new_anchor else self.user.token_balance.anchor
        quotas.follow_tier(self.user.id, tier_version=self.books.tier(quota), anchor=anchor)

    @rule(hours=st.sampled_from([0, 1, 25, 24 * 6, 24 * 45]))
    def wait(self, hours: int) -> None:
        self.time.shift(timedelta(hours=hours, seconds=1))

    @rule()
    def expire(self) -> None:
        expiry.expire_due()

    @rule()
    def look(self) -> None:
        by_day = sum(day.quantity for day in usage.by_day(self.user))
        shown = usage.list_transactions(self.user.id, limit=100)

        assert by_day >= usage.summary(self.user).quota.used
        assert [line.entry for line in shown.lines] == sorted(
            (line.entry for line in shown.lines), reverse=True
        )

    @invariant()
    def the_books_agree(self) -> None:
        assert [] == list(verification.breaches())
        with transaction() as session:
            remaining = session.query(TokenLot).filter(TokenLot.held > TokenLot.remaining).count()
        assert 0 == remaining


def test_the_books_agree_after_every_step(ledger: Ledger, is_thorough: bool) -> None:
    LedgerMachine.books = ledger

    run_state_machine_as_test(
        LedgerMachine,
        settings=settings(
            max_examples=400 if is_thorough else 12,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
