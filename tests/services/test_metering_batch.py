"""A batch: many users, one transaction, and each request has the outcome it would have alone."""

from __future__ import annotations

import pytest

from billing.database import transaction
from billing.domain.catalog_fields import MAX_TOKENS
from billing.domain.metering import MAX_QUANTITY, Receipt
from billing.errors import (
    FeatureNotInTier,
    IdempotencyMismatch,
    InsufficientTokens,
    InvalidInput,
    UnknownFeature,
)
from billing.services import metering, usage
from billing.services.metering_batch import MAX_REQUESTS, BatchRequest, record_batch
from tests.ledger import Ledger


def test_requests_of_one_user_follow_each_other(ledger: Ledger) -> None:
    user = ledger.user(quota=2, tokens=10)

    first, second, third = record_batch([BatchRequest(user, "mentor", 2)] * 3)

    assert isinstance(first, Receipt)
    assert isinstance(second, Receipt)
    assert (2, 0) == (first.from_quota, first.tokens_charged)
    assert (0, 10) == (second.from_quota, second.tokens_charged)
    assert isinstance(third, InsufficientTokens)
    assert 0 == third.members["balance"]
    assert 0 == user.token_balance.balance


def test_users_do_not_touch_each_other(ledger: Ledger) -> None:
    rich, poor = ledger.user(quota=5), ledger.user(quota=0)

    outcomes = record_batch(
        [
            BatchRequest(rich, "chat"),
            BatchRequest(poor, "chat"),
            BatchRequest(rich, "chat"),
        ]
    )

    assert [Receipt, InsufficientTokens, Receipt] == [type(outcome) for outcome in outcomes]
    assert 2 == usage.summary(rich).quota.used


def test_each_request_is_refused_for_its_own_reason(ledger: Ledger) -> None:
    user = ledger.user()
    wanted = [
        BatchRequest(user, "images"),
        BatchRequest(user, "nothing"),
        BatchRequest(user, "chat", 0),
        BatchRequest(user, "exports"),
        BatchRequest(user, "chat"),
    ]

    outcomes = record_batch(wanted)

    reasons = [FeatureNotInTier, UnknownFeature, InvalidInput, InvalidInput, Receipt]
    assert reasons == [type(outcome) for outcome in outcomes]


def test_a_key_counts_once_across_batches_and_single_calls(ledger: Ledger) -> None:
    user = ledger.user(quota=5)
    alone = metering.record(user, "chat", idempotency_key="a")

    again, first, twice = record_batch(
        [BatchRequest(user, "chat", 1, key) for key in ("a", "b", "b")]
    )

    assert (alone, first) == (again, twice)
    assert metering.record(user, "chat", idempotency_key="b") == first
    assert 2 == usage.summary(user).quota.used


def test_a_key_with_other_parameters_is_refused(ledger: Ledger) -> None:
    user = ledger.user()

    _, second = record_batch(
        [BatchRequest(user, "chat", 1, "a"), BatchRequest(user, "chat", 2, "a")]
    )

    assert isinstance(second, IdempotencyMismatch)


def test_what_nobody_could_ever_pay_is_refused(ledger: Ledger) -> None:
    user = ledger.user(quota=0)
    with transaction() as session:
        session.merge(ledger.features["mentor"]).token_cost = MAX_TOKENS

    outcomes = record_batch([BatchRequest(user, "mentor", MAX_QUANTITY)] * 20)

    assert [InsufficientTokens] * 20 == [type(outcome) for outcome in outcomes]


def test_a_single_call_and_a_batch_say_the_same(ledger: Ledger) -> None:
    one, other = ledger.user(quota=1, tokens=9), ledger.user(quota=1, tokens=9)

    alone = metering.record(one, "mentor", 2)
    (batched,) = record_batch([BatchRequest(other, "mentor", 2)])

    assert isinstance(batched, Receipt)
    assert (alone.from_quota, alone.tokens_charged, alone.token_balance, alone.quota.used) == (
        batched.from_quota,
        batched.tokens_charged,
        batched.token_balance,
        batched.quota.used,
    )


def test_too_many_requests_are_refused(ledger: Ledger) -> None:
    user = ledger.user()

    with pytest.raises(InvalidInput):
        record_batch([BatchRequest(user, "chat")] * (MAX_REQUESTS + 1))


def test_an_empty_batch_has_no_outcome(ledger: Ledger) -> None:
    assert [] == record_batch([])


AWKWARD_TEXTS = ("NULL", "null", '"', "\\", '\\"', "{a,b}", "a,b", "'", "{}", "ключ 🔑", " ", "1")


def test_an_awkward_key_is_kept_as_it_was_given(ledger: Ledger) -> None:
    user = ledger.user(quota=50)
    requests = [BatchRequest(user, "chat", 1, key) for key in AWKWARD_TEXTS]

    receipts = record_batch(requests)

    replayed = [metering.record(user, "chat", idempotency_key=key) for key in AWKWARD_TEXTS]
    assert receipts == replayed
    assert replayed == record_batch(requests)
    assert len(AWKWARD_TEXTS) == usage.summary(user).quota.used


def test_a_feature_with_an_awkward_name_is_unknown(ledger: Ledger) -> None:
    user = ledger.user(quota=50)

    outcomes = record_batch([BatchRequest(user, name) for name in (*AWKWARD_TEXTS, "")])

    assert {UnknownFeature} == {type(outcome) for outcome in outcomes}
