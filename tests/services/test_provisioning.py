"""Each user has a free subscription and a token balance, from the first moment on."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import delete, func, select

from billing.database import db, transaction
from billing.errors import EmailTaken, NoCatalog
from billing.models import User, UserSubscription, UserTokenBalance
from billing.services import provisioning, users
from tests.shop import Shop


def count(model: type[UserSubscription] | type[UserTokenBalance]) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def test_a_new_user_is_on_the_free_tier_with_no_tokens(shop: Shop) -> None:
    user = shop.user()

    assert user.subscription.tier.name == "Free"
    assert user.token_balance.balance == 0
    assert user.token_balance.quota_limit == 20


def test_a_user_whom_the_host_inserts_itself_has_both_rows_too(shop: Shop) -> None:
    user = User(email="host@example.com", external_id="host-7")
    with transaction() as session:
        session.add(user)

    assert user.subscription.tier.name == "Free"
    assert user.token_balance.balance == 0


def test_a_user_who_is_not_kept_leaves_no_row(shop: Shop) -> None:
    def fail_after_the_insert() -> None:
        with transaction() as session:
            session.add(User(email="gone@example.com"))
            session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_after_the_insert()

    assert (count(UserSubscription), count(UserTokenBalance)) == (0, 0)


@pytest.mark.parametrize("model", [UserSubscription, UserTokenBalance])
def test_a_missing_row_comes_back(
    shop: Shop, model: type[UserSubscription] | type[UserTokenBalance]
) -> None:
    user = shop.user()
    with transaction() as session:
        session.execute(delete(model))
    provisioning.ensure(user)

    assert user.subscription.tier.name == "Free"
    assert user.token_balance.balance == 0


def test_a_missing_row_comes_back_once_however_many_look(shop: Shop) -> None:
    user_id = shop.user().id
    with transaction() as session:
        session.execute(delete(UserTokenBalance))
        session.execute(delete(UserSubscription))

    def look(_number: int) -> None:
        with shop.app.app_context():
            provisioning.ensure(db.session.get_one(User, user_id))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(look, range(8)))

    assert (count(UserSubscription), count(UserTokenBalance)) == (1, 1)


def test_without_a_catalog_no_user_is_made(app: object) -> None:
    with pytest.raises(NoCatalog):
        users.create("early@example.com", actor="test")
    assert db.session.scalar(select(func.count()).select_from(User)) == 0


def test_an_address_belongs_to_one_user(shop: Shop) -> None:
    shop.user("ada")

    with pytest.raises(EmailTaken):
        users.create("ADA@example.com ", actor="test")
