"""Versions of a tier: subscribers keep theirs until they are moved."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask.testing import FlaskCliRunner

from billing.database import db
from billing.domain.catalog_file import parse
from billing.domain.interval import Interval
from billing.errors import TierNotFound
from billing.models import User
from billing.services import (
    catalog,
    catalog_edits,
    checkout,
    plan_changes,
    subscriptions,
    tier_migrations,
)
from billing.services.tier_migrations import Move, When
from tests.factories import DEMO_CATALOG
from tests.shop import Shop


def subscriber(shop: Shop, name: str = "ada") -> User:
    user = shop.user(name)
    session_id = shop.choose_tier(user)
    shop.pay(session_id)
    checkout.confirm(user, session_id, gateway=shop.gateway)
    return user


@pytest.fixture
def user(shop: Shop) -> User:
    """Somebody on the first version of Pro, when there is a dearer second one."""
    user = subscriber(shop)
    source = DEMO_CATALOG.read_text(encoding="utf-8")
    dearer = source.replace("price_month = 4900", "price_month = 5900")
    dearer = dearer.replace("ai_requests_per_month = 5000", "ai_requests_per_month = 6000")
    catalog.apply(parse(dearer.encode()), actor="test")
    catalog.push(shop.gateway)
    return user


def move(shop: Shop, when: When, to_version: int = 2) -> list[Move]:
    db.session.rollback()
    return list(
        tier_migrations.migrate(
            "pro", to_version=to_version, when=when, actor="test", gateway=shop.gateway
        )
    )


def version_of(user: User) -> int:
    db.session.rollback()
    return user.subscription.tier_version.version


def test_who_subscribed_before_keeps_the_old_terms(user: User) -> None:
    assert version_of(user) == 1
    assert user.token_balance.quota_limit == 5000


def test_who_subscribes_now_gets_the_new_ones(shop: Shop, user: User) -> None:
    newcomer = subscriber(shop, "grace")

    assert (version_of(user), version_of(newcomer)) == (1, 2)


def test_moved_now_they_have_the_new_quota_and_pay_nothing_today(shop: Shop, user: User) -> None:
    moves = move(shop, When.NOW)

    assert moves == [Move(user.id)]
    assert version_of(user) == 2
    assert user.token_balance.quota_limit == 6000
    assert [invoice.total for invoice in shop.dashboard.v1.invoices.list()] == [4900]


def test_moved_at_the_renewal_they_keep_theirs_until_then(shop: Shop, user: User) -> None:
    move(shop, When.RENEWAL)

    assert version_of(user) == 1
    scheduled = user.subscription.scheduled_tier_version
    assert scheduled is not None
    assert scheduled.version == 2
    assert user.subscription.scheduled_at == user.subscription.current_period_end


def test_an_archived_tier_renews_and_the_move_comes_with_it(shop: Shop, user: User) -> None:
    move(shop, When.RENEWAL)
    stays = subscriber(shop, "grace")
    catalog_edits.archive_tier("pro", actor="test")
    catalog.push(shop.gateway)
    ends = user.subscription.current_period_end
    assert ends is not None
    shop.control.advance(to=int((ends + timedelta(hours=2)).timestamp()))
    for each in (user, stays):
        customer_id = each.stripe_customer_id or ""
        subscriptions.apply(subscriptions.read(customer_id, gateway=shop.gateway))

    assert (version_of(user), version_of(stays)) == (2, 2)
    for each in (user, stays):
        plan = each.subscription
        assert (plan.tier.slug, plan.status) == ("pro", "active")
        assert (plan.current_period_start or ends) - ends < timedelta(minutes=1)
    totals = sorted(invoice.total for invoice in shop.dashboard.v1.invoices.list())
    assert totals == [4900, 5900, 5900, 5900]


def test_a_second_move_moves_nobody(shop: Shop, user: User) -> None:
    assert (len(move(shop, When.NOW)), len(move(shop, When.NOW))) == (1, 0)
    assert version_of(user) == 2


def test_who_has_a_change_waiting_is_left(shop: Shop, user: User) -> None:
    seen = plan_changes.preview(
        user, tier_slug="starter", interval=Interval.MONTH, gateway=shop.gateway
    )
    plan_changes.confirm(
        user,
        tier_slug="starter",
        interval=Interval.MONTH,
        proration_at=seen.proration_at,
        due_now_minor=0,
        gateway=shop.gateway,
    )

    assert move(shop, When.NOW) == [Move(user.id, "a change of plan is waiting")]
    assert version_of(user) == 1


@pytest.mark.usefixtures("user")
def test_an_unknown_version_is_refused(shop: Shop) -> None:
    with pytest.raises(TierNotFound):
        move(shop, When.NOW, to_version=9)


def test_the_command_says_who_was_moved(cli: FlaskCliRunner, user: User) -> None:
    user_id = user.id
    result = cli.invoke(args="billing catalog migrate pro --to 2 --when now".split())

    assert (result.exit_code, result.stdout) == (0, f"user {user_id}: moved\n")
