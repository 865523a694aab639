"""The forecast: what a week's pace leads to by the reset."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain.forecast import Forecast, forecast

DAYS = st.lists(st.integers(0, 10_000), min_size=3, max_size=40)


@pytest.mark.parametrize("daily", [[], [100], [100, 100]])
def test_two_days_are_not_enough(daily: list[int]) -> None:
    assert forecast(daily, remaining=1_000, days_left=10) is None


def test_what_is_left_at_the_reset() -> None:
    expected = Forecast(runs_out_in_days=None, spare=1_240)

    assert forecast([100] * 5, remaining=2_040, days_left=8) == expected


def test_day_on_which_it_runs_out() -> None:
    expected = Forecast(runs_out_in_days=6, spare=0)

    assert forecast([300] * 7, remaining=2_030, days_left=10) == expected


def test_only_the_last_week_counts() -> None:
    expected = Forecast(runs_out_in_days=None, spare=500)

    assert forecast([9_999] * 10 + [0] * 7, remaining=500, days_left=20) == expected


def test_nothing_left_runs_out_at_once() -> None:
    expected = Forecast(runs_out_in_days=0, spare=0)

    assert forecast([5, 5, 5], remaining=0, days_left=3) == expected


@given(daily=DAYS, remaining=st.integers(0, 10**9), days_left=st.integers(0, 31))
def test_it_runs_out_before_the_reset_or_leaves_something(
    daily: list[int], remaining: int, days_left: int
) -> None:
    outlook = forecast(daily, remaining=remaining, days_left=days_left)

    assert outlook is not None
    assert 0 <= outlook.spare <= remaining
    assert outlook.runs_out_in_days is None or 0 <= outlook.runs_out_in_days <= days_left
