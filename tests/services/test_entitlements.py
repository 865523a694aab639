"""A right comes from the tier; an override gives or takes it; a change of tier moves the quota."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from structlog.testing import capture_logs

from billing import can_access_feature, clock
from billing.database import db, transaction
from billing.domain.metering import Quota
from billing.errors import FeatureNotInTier
from billing.models import FeatureOverride, QuotaPeriod, User, UserTokenBalance
from billing.services import metering, quotas, usage
from tests.ledger import Ledger


def override(ledger: Ledger, user: User, feature: str, *, allows: bool, days: int = 1) -> None:
    with transaction() as session:
        session.add(
            FeatureOverride(
                user_id=user.id,
                feature_id=ledger.features[feature].id,
                is_allowed=allows,
                reason="Test",
                expires_at=clock.now() + timedelta(days=days),
            )
        )


class TestCanAccessFeature:
    def test_what_the_tier_includes(self, ledger: Ledger) -> None:
        user = ledger.user()

        answers = [can_access_feature(user, key) for key in ("chat", "exports", "images")]

        assert [True, True, False] == answers

    def test_an_unknown_feature_is_false_and_a_warning(self, ledger: Ledger) -> None:
        user = ledger.user()

        with capture_logs() as logs:
            assert not can_access_feature(user, "nothing")

        assert ("feature.unknown", "warning") == (logs[0]["event"], logs[0]["log_level"])

    def test_nobody_may_do_nothing(self, ledger: Ledger) -> None:  # noqa: ARG002
        assert not can_access_feature(None, "chat")

    def test_an_override_gives(self, ledger: Ledger) -> None:
        user = ledger.user()
        override(ledger, user, "images", allows=True)

        assert can_access_feature(user, "images")
        assert 1 == metering.record(user, "images").from_quota

    def test_an_override_takes(self, ledger: Ledger) -> None:
        user = ledger.user()
        override(ledger, user, "chat", allows=False)

        assert not can_access_feature(user, "chat")
        with pytest.raises(FeatureNotInTier):
            metering.record(user, "chat")

    def test_an_override_that_is_over_changes_nothing(self, ledger: Ledger) -> None:
        user = ledger.user()
        override(ledger, user, "images", allows=True, days=-1)

        assert not can_access_feature(user, "images")

    def test_a_missing_balance_heals(self, ledger: Ledger) -> None:
        user = ledger.user()
        with transaction() as session:
            session.delete(session.get_one(UserTokenBalance, user.id))

        assert can_access_feature(user, "chat")
        assert 1 == metering.record(user, "chat").quota.used


class TestFollowTier:
    def test_a_rise_keeps_what_was_used(self, ledger: Ledger) -> None:
        user = ledger.user(quota=20)
        metering.record(user, "chat", 15)

        quotas.follow_tier(user.id, tier_version=ledger.tier(500), anchor=user.token_balance.anchor)

        quota = usage.summary(user).quota
        assert (500, 15) == (quota.limit, quota.used)

    def test_a_fall_closes_the_period_and_opens_the_rest(self, ledger: Ledger) -> None:
        user = ledger.user(quota=500)
        metering.record(user, "chat", 100)
        ends = user.token_balance.period_end

        quotas.follow_tier(user.id, tier_version=ledger.tier(20), anchor=user.token_balance.anchor)

        assert Quota(20, 0, ends) == usage.summary(user).quota
        assert 100 == self._closed(user)[0].used

    def test_a_new_anchor_opens_its_period(self, ledger: Ledger) -> None:
        user = ledger.user(quota=20)
        metering.record(user, "chat", 15)
        paid_at = clock.now()

        quotas.follow_tier(user.id, tier_version=ledger.tier(500), anchor=paid_at)

        summary = usage.summary(user)
        assert (500, 0, paid_at) == (summary.quota.limit, summary.quota.used, summary.period_start)

    def test_the_same_again_changes_nothing(self, ledger: Ledger) -> None:
        user = ledger.user(quota=20)
        tier, anchor = ledger.tier(500), clock.now()
        quotas.follow_tier(user.id, tier_version=tier, anchor=anchor)
        metering.record(user, "chat", 15)

        quotas.follow_tier(user.id, tier_version=tier, anchor=anchor)

        assert 15 == usage.summary(user).quota.used
        assert 1 == len(self._closed(user))

    def test_the_idle_get_exactly_one_current_period(self, ledger: Ledger) -> None:
        user = ledger.user(quota=20)
        metering.record(user, "chat", 15)
        with time_machine.travel(clock.now() + timedelta(days=200), tick=False):
            receipt = metering.record(user, "chat")

            assert 1 == receipt.quota.used
            assert 1 == len(self._closed(user))
            assert timedelta(0) < receipt.quota.resets_at - clock.now() <= timedelta(days=31)

    def _closed(self, user: User) -> list[QuotaPeriod]:
        return db.session.query(QuotaPeriod).filter_by(user_id=user.id).all()
