"""Dates that a list is drilled down by."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from billing.domain.date_spans import DateSpan, years_between


@pytest.mark.parametrize("written", ["2026", "2026-11", "2026-11-14", "2024-02-29"])
def test_span_is_read_as_it_is_written(written: str) -> None:
    assert written == str(DateSpan.find(written))


@pytest.mark.parametrize(
    "written",
    ["", "26", "2026-13", "2026-00", "2026-02-30", "0000", "9999", "2026-1", "2026-11-14T", "x"],
)
def test_what_is_no_date_is_none(written: str) -> None:
    assert None is DateSpan.find(written)


def test_day_is_as_long_as_it_is_where_the_reader_lives() -> None:
    start, following = DateSpan(2026, 10, 25).bounds(ZoneInfo("Europe/Berlin"))

    assert timedelta(hours=25) == following.astimezone(UTC) - start.astimezone(UTC)


@pytest.mark.parametrize(
    ("span", "following"),
    [
        (DateSpan(2026), (2027, 1, 1)),
        (DateSpan(2026, 12), (2027, 1, 1)),
        (DateSpan(2026, 2), (2026, 3, 1)),
    ],
)
def test_span_ends_where_the_next_begins(span: DateSpan, following: tuple[int, int, int]) -> None:
    assert datetime(*following, tzinfo=UTC) == span.bounds(UTC)[1]


def test_only_dates_with_something_are_below() -> None:
    earliest, latest = datetime(2025, 11, 30, tzinfo=UTC), datetime(2026, 2, 2, 8, tzinfo=UTC)

    assert [DateSpan(2026), DateSpan(2025)] == years_between(earliest, latest)
    assert ["2026-02", "2026-01"] == list(map(str, DateSpan(2026).children(earliest, latest)))
    assert ["2026-02-02", "2026-02-01"] == list(
        map(str, DateSpan(2026, 2).children(earliest, latest))
    )
    assert [] == DateSpan(2026, 2, 2).children(earliest, latest)


def test_way_up_leads_to_the_year() -> None:
    day = DateSpan(2026, 2, 2)

    assert (DateSpan(2026, 2), DateSpan(2026)) == (day.parent, DateSpan(2026, 2).parent)
    assert None is DateSpan(2026).parent
