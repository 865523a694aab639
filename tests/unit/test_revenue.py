"""Monthly recurring revenue in whole minor units."""

from __future__ import annotations

import pytest

from billing.domain.interval import Interval
from billing.domain.money import Money
from billing.domain.revenue import MovementKind, kind_of_movement, monthly


@pytest.mark.parametrize(
    ("price", "interval", "expected"),
    [
        (Money(4900, "USD"), Interval.MONTH, 4900),
        (Money(49000, "USD"), Interval.YEAR, 4083),
        (Money(149000, "USD"), Interval.YEAR, 12417),
        (Money(18, "JPY"), Interval.YEAR, 2),
        (Money(17, "JPY"), Interval.YEAR, 1),
        (Money(0, "USD"), Interval.YEAR, 0),
    ],
)
def test_a_year_counts_as_a_twelfth_with_halves_up(
    price: Money, interval: Interval, expected: int
) -> None:
    assert monthly(price, interval) == Money(expected, price.currency)


@pytest.mark.parametrize(
    ("before", "after", "has_paid", "expected"),
    [
        (0, 1900, False, MovementKind.NEW),
        (0, 1900, True, MovementKind.REACTIVATION),
        (1900, 4900, True, MovementKind.EXPANSION),
        (4900, 1900, True, MovementKind.CONTRACTION),
        (4900, 0, True, MovementKind.CHURN),
    ],
)
def test_each_change_has_its_name(
    before: int, after: int, has_paid: bool, expected: MovementKind
) -> None:
    assert kind_of_movement(before, after, has_paid=has_paid) == expected
