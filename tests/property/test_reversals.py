"""Whatever is refunded, fails, is disputed, spent or bought: the formula holds and the books do."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.domain.reversals import DisputeEffect, effect_of_dispute
from billing.gateway import StripeRefund
from billing.models import User
from billing.services import catalog, disputes, refunds, usage, users
from tests.factories import demo_catalog
from tests.reversals import Payment, paid_order, spend, taken_from, tokens_of, use_up_quota

PAID_MINOR, TOKENS, BONUS = 6000, 1000, 100
NUMBERS = count(1)

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("refund"), st.integers(1, 4000)),
        st.tuples(st.just("fail"), st.integers(0, 3)),
        st.tuples(st.just("spend"), st.integers(1, 600)),
        st.tuples(st.just("buy"), st.integers(1, 700)),
        st.tuples(st.just("dispute"), st.sampled_from(["needs_response", "lost", "won"])),
        st.tuples(st.just("again"), st.just(0)),
    ),
    max_size=10,
)


@dataclass
class History:
    """One payment, all that can become of it, and what its user does meanwhile."""

    user: User
    payment: Payment
    refunds: list[StripeRefund] = field(default_factory=list)
    status: str = "won"
    granted: int = TOKENS + BONUS
    spent: int = 0

    @property
    def returned_minor(self) -> int:
        return sum(each.amount.amount_minor for each in self.refunds if each.status != "failed")

    @property
    def expected_taken(self) -> int:
        effect = effect_of_dispute(self.status, is_withdrawn=self.status == "lost")
        disputed_minor = PAID_MINOR if effect == DisputeEffect.TAKES else 0
        gone_minor = min(self.returned_minor + disputed_minor, PAID_MINOR)
        return (TOKENS + BONUS) * gone_minor // PAID_MINOR

    def take(self, step: str, argument: Any) -> None:
        getattr(self, step)(argument)

    def refund(self, amount_minor: int) -> None:
        # Stripe gives back no more than was paid.
        amount_minor = min(amount_minor, PAID_MINOR - self.returned_minor)
        if amount_minor:
            self.refunds.append(self.payment.refund(next(NUMBERS), amount_minor))
            self.again(0)

    def fail(self, index: int) -> None:
        if index < len(self.refunds):
            self.refunds[index] = replace(self.refunds[index], status="failed")
            self.again(0)

    def again(self, _: int) -> None:
        refunds.apply(self.payment.reading(self.refunds))

    def dispute(self, status: str) -> None:
        self.status = status
        disputes.apply(self.payment.dispute(status, is_withdrawn=status == "lost"))

    def spend(self, tokens: int) -> None:
        tokens = min(tokens, usage.summary(self.user).tokens.available)
        if tokens:
            spend(self.user, tokens)
            self.spent += tokens

    def buy(self, tokens: int) -> None:
        package = catalog.get_package("tokens-500")
        paid_order(self.user, package, paid_minor=1000, tokens=tokens)
        self.granted += tokens


def new_history() -> History:
    number = next(NUMBERS)
    user = users.create(f"person{number}@example.test", actor="test")
    use_up_quota(user)
    package = catalog.get_package("tokens-2000")
    payment = paid_order(user, package, paid_minor=PAID_MINOR, tokens=TOKENS, bonus=BONUS)
    payment = replace(payment, dispute_id=f"du_{number}")
    return History(user, payment)


@pytest.fixture
def on_sale(app: Flask) -> None:
    demo_catalog()


@pytest.mark.one_database
@pytest.mark.usefixtures("on_sale")
@settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=STEPS)
def test_any_history_of_a_payment_ends_as_the_formula_says(steps: list[tuple[str, Any]]) -> None:
    history = new_history()
    for step, argument in steps:
        history.take(step, argument)
        assert taken_from(history.payment.order) == history.expected_taken
        balance, debt, _ = tokens_of(history.user)
        assert balance - debt == history.granted - history.spent - history.expected_taken

    history.dispute("won")
    for index in range(len(history.refunds)):
        history.fail(index)
    assert tokens_of(history.user) == (history.granted - history.spent, 0, 0)
