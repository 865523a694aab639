"""An AI request is paid from the quota, then in tokens, or refused with the numbers."""

from __future__ import annotations

import pytest

from billing.errors import (
    FeatureNotInTier,
    IdempotencyMismatch,
    InsufficientTokens,
    InvalidInput,
    UnknownFeature,
)
from billing.services import metering, usage
from tests.ledger import Ledger


class TestRecord:
    def test_the_quota_pays_first(self, ledger: Ledger) -> None:
        user = ledger.user(quota=20, tokens=100)

        receipt = metering.record(user, "chat", 3)

        assert (receipt.from_quota, receipt.from_tokens, receipt.tokens_charged) == (3, 0, 0)
        assert (receipt.quota.limit, receipt.quota.used, receipt.quota.remaining) == (20, 3, 17)
        assert 100 == receipt.token_balance == user.token_balance.balance

    def test_tokens_pay_what_the_quota_cannot(self, ledger: Ledger) -> None:
        user = ledger.user(quota=2, tokens=100)

        receipt = metering.record(user, "mentor", 5)

        assert (receipt.from_quota, receipt.from_tokens, receipt.tokens_charged) == (2, 3, 15)
        assert 85 == receipt.token_balance == user.token_balance.balance

    def test_nothing_moves_when_both_do_not_suffice(self, ledger: Ledger) -> None:
        user = ledger.user(quota=2, tokens=10)

        with pytest.raises(InsufficientTokens) as refusal:
            metering.record(user, "mentor", 5)

        members = refusal.value.members
        assert tuple(
            members[name] for name in ("quota_used", "quota_limit", "balance", "required")
        ) == (0, 2, 10, 15)
        assert user.token_balance.balance == 10
        assert usage.summary(user).quota.used == 0

    def test_an_unlimited_tier_is_logged_all_the_same(self, ledger: Ledger) -> None:
        user = ledger.user(quota=None)

        receipt = metering.record(user, "chat", 1_000_000)

        assert (
            receipt.quota.limit,
            receipt.quota.used,
            receipt.quota.remaining,
        ) == (None, 1_000_000, None)
        assert len(usage.list_transactions(user.id).lines) == 1

    def test_a_feature_outside_the_tier_is_refused(self, ledger: Ledger) -> None:
        user = ledger.user()

        with pytest.raises(FeatureNotInTier):
            metering.record(user, "images")

    def test_an_unknown_feature_is_refused(self, ledger: Ledger) -> None:
        with pytest.raises(UnknownFeature):
            metering.record(ledger.user(), "nothing")

    def test_a_feature_that_is_not_metered_is_refused(self, ledger: Ledger) -> None:
        with pytest.raises(InvalidInput):
            metering.record(ledger.user(), "exports")

    @pytest.mark.parametrize("quantity", [0, -1, 1_000_001, True, 1.5])
    def test_a_quantity_out_of_bounds_is_refused(self, ledger: Ledger, quantity: int) -> None:
        with pytest.raises(InvalidInput):
            metering.record(ledger.user(), "chat", quantity)


class TestIdempotencyKey:
    def test_the_same_key_again_returns_the_first_receipt(self, ledger: Ledger) -> None:
        user = ledger.user(quota=1, tokens=10)
        first = metering.record(user, "mentor", 2, idempotency_key="job:1")
        metering.record(user, "chat")

        second = metering.record(user, "mentor", 2, idempotency_key="job:1")

        assert first == second
        assert (first.is_replay, second.is_replay) == (False, True)
        assert user.token_balance.balance == 4

    def test_a_replay_needs_no_tokens(self, ledger: Ledger) -> None:
        user = ledger.user(quota=1)
        first = metering.record(user, "chat", idempotency_key="job:1")

        assert first == metering.record(user, "chat", idempotency_key="job:1")

    @pytest.mark.parametrize(("feature", "quantity"), [("mentor", 1), ("chat", 2)])
    def test_the_key_with_other_parameters_is_refused(
        self, ledger: Ledger, feature: str, quantity: int
    ) -> None:
        user = ledger.user()
        metering.record(user, "chat", idempotency_key="job:1")

        with pytest.raises(IdempotencyMismatch):
            metering.record(user, feature, quantity, idempotency_key="job:1")

    def test_two_users_may_have_the_same_key(self, ledger: Ledger) -> None:
        metering.record(ledger.user(), "chat", idempotency_key="job:1")

        assert not metering.record(ledger.user(), "chat", idempotency_key="job:1").is_replay

    def test_a_refusal_does_not_take_the_key(self, ledger: Ledger) -> None:
        user = ledger.user(quota=0)
        with pytest.raises(InsufficientTokens):
            metering.record(user, "chat", idempotency_key="job:1")
        ledger.grant(user, 5)

        assert metering.record(user, "chat", idempotency_key="job:1").tokens_charged == 1
