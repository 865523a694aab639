"""Period n is the anchor plus n months, clamped, and never counted from the period before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain.periods import Period, add_months, period_after_change, period_at

MOMENTS = st.datetimes(
    min_value=datetime(2000, 1, 1),  # noqa: DTZ001 - hypothesis wants bounds without a zone
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("anchor", "months", "expected"),
    [
        ("2026-01-31", 1, "2026-02-28"),
        ("2028-01-31", 1, "2028-02-29"),
        ("2026-01-31", 2, "2026-03-31"),
        ("2026-01-31", 3, "2026-04-30"),
        ("2024-02-29", 12, "2025-02-28"),
        ("2024-02-29", 48, "2028-02-29"),
        ("2026-12-15", 1, "2027-01-15"),
        ("2026-01-15", -1, "2025-12-15"),
        ("2026-03-31", -1, "2026-02-28"),
    ],
)
def test_a_month_later_is_the_same_day_or_the_last(anchor: str, months: int, expected: str) -> None:
    assert day(expected) == add_months(day(anchor), months)


def test_the_31st_comes_back_after_february() -> None:
    anchor = day("2026-01-31")

    march = period_at(anchor, day("2026-03-30"))

    assert Period(day("2026-02-28"), day("2026-03-31")) == march


def test_a_period_begins_at_its_first_moment_and_ends_before_its_last() -> None:
    anchor = day("2026-01-10T08:30:00")

    assert anchor == period_at(anchor, anchor).start
    assert anchor == period_at(anchor, anchor - timedelta(microseconds=1)).end


@given(anchor=MOMENTS, moment=MOMENTS)
def test_every_moment_lies_in_its_period(anchor: datetime, moment: datetime) -> None:
    period = period_at(anchor, moment)

    assert period.start <= moment < period.end


@given(anchor=MOMENTS, moment=MOMENTS)
def test_periods_follow_each_other_without_a_gap(anchor: datetime, moment: datetime) -> None:
    period = period_at(anchor, moment)

    assert period.end == period_at(anchor, period.end).start
    assert period.start == period_at(anchor, period.start - timedelta(microseconds=1)).end


@given(anchor=MOMENTS, moment=MOMENTS)
def test_the_day_is_the_anchors_or_the_months_last(anchor: datetime, moment: datetime) -> None:
    start = period_at(anchor, moment).start

    is_clamped = (start + timedelta(days=1)).day == 1 and start.day < anchor.day
    assert start.day == anchor.day or is_clamped
    assert anchor.timetz() == start.timetz()


@given(anchor=MOMENTS, moment=MOMENTS, hours=st.integers(-23, 23))
def test_the_zone_in_which_the_moment_is_written_changes_nothing(
    anchor: datetime, moment: datetime, hours: int
) -> None:
    elsewhere = moment.astimezone(timezone(timedelta(hours=hours)))

    assert period_at(anchor, moment) == period_at(anchor, elsewhere.astimezone(UTC))


@given(anchor=MOMENTS, earlier=MOMENTS, later=MOMENTS)
def test_periods_never_go_back(anchor: datetime, earlier: datetime, later: datetime) -> None:
    earlier, later = sorted((earlier, later))

    assert period_at(anchor, earlier).start <= period_at(anchor, later).start


@given(old=MOMENTS, new=MOMENTS, now=MOMENTS)
def test_a_new_anchor_never_overlaps_the_period_before(
    old: datetime, new: datetime, now: datetime
) -> None:
    current = period_at(old, now)

    following = period_after_change(current, anchor=new, now=now)

    assert current.start <= following.start <= now < following.end
    assert period_at(new, now).end == following.end
