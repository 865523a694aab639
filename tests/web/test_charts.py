"""The charts of the usage page, as numbers and in the page."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from billing.domain.metering import Quota
from billing.messages import Wording
from billing.services import metering, usage
from billing.services.usage import DayUsage, TokenSummary, UsageSummary
from billing.web import charts
from tests import states
from tests.page import PageClient

pytestmark = pytest.mark.one_database

FIRST, TODAY = date(2026, 6, 1), date(2026, 6, 5)


def _usage(limit: int | None = 1_000, used: int = 400) -> UsageSummary:
    quota = Quota(limit=limit, used=used, resets_at=datetime(2026, 7, 1, 12, tzinfo=UTC))
    return UsageSummary(quota, datetime(2026, 6, 1, 12, tzinfo=UTC), TokenSummary(0, 0, 0))


def _day(number: int, feature: str = "Chat", quantity: int = 100) -> DayUsage:
    return DayUsage(
        date(2026, 6, number), feature.lower(), Wording(feature, {}), quantity, quantity, 0
    )


class TestBurnDown:
    def test_line_falls_from_the_limit_to_what_remains(self) -> None:
        chart = charts.burn_down(_usage(), [_day(1), _day(3, quantity=300)], None, TODAY)

        assert chart is not None
        expected = "0.00,0.00 3.33,10.00 6.67,10.00 10.00,40.00 13.33,40.00 16.67,40.00"
        assert chart.line == expected

    def test_table_has_each_day_that_has_begun(self) -> None:
        chart = charts.burn_down(_usage(), [_day(1), _day(3, quantity=300)], None, TODAY)

        assert chart is not None
        assert [left for _day, _used, left in chart.rows] == [900, 900, 600, 600, 600]

    def test_day_of_the_reset_stays_inside(self) -> None:
        chart = charts.burn_down(_usage(), [_day(1)], None, date(2026, 7, 1))

        assert chart is not None
        assert chart.today_x == 100

    @pytest.mark.parametrize(
        ("usage", "days", "today"),
        [
            (_usage(limit=None), [_day(1)], TODAY),
            (_usage(), [], TODAY),
            (_usage(), [_day(1)], FIRST),
        ],
    )
    def test_no_chart(self, usage: UsageSummary, days: list[DayUsage], today: date) -> None:
        assert charts.burn_down(usage, days, None, today) is None

    @pytest.mark.parametrize(
        ("limit", "lines"),
        [
            (20, [0, 5, 10, 15, 20]),
            (117, [0, 50, 100]),
            (500, [0, 250, 500]),
            (5_000, [0, 2_500, 5_000]),
            (10_000, [0, 2_500, 5_000, 7_500, 10_000]),
        ],
    )
    def test_gridlines_are_few_and_end_at_a_round_limit(self, limit: int, lines: list[int]) -> None:
        chart = charts.burn_down(_usage(limit, used=10), [_day(1, quantity=10)], None, TODAY)

        assert chart is not None
        assert [line.value for line in chart.grid] == lines


class TestByDay:
    def test_days_without_use_are_zero(self) -> None:
        chart = charts.by_day(_usage(), [_day(1), _day(4)], TODAY)

        assert chart is not None
        assert [total for _day, _counts, total in chart.rows] == [100, 0, 0, 100, 0]

    def test_series_are_in_the_order_of_their_totals(self) -> None:
        days = [_day(1, "Chat", 10), _day(1, "Mentor", 30), _day(2, "Chat", 5)]

        chart = charts.by_day(_usage(), days, TODAY)

        assert chart is not None
        assert [(each.name, each.total) for each in chart.series] == [("Mentor", 30), ("Chat", 15)]

    def test_a_fifth_feature_is_folded_into_other(self) -> None:
        days = [_day(1, name, 10 - n) for n, name in enumerate("ABCDE")]

        chart = charts.by_day(_usage(), days, TODAY)

        assert chart is not None
        totals = [(each.name, each.total) for each in chart.series]
        assert totals == [("A", 10), ("B", 9), ("C", 8), ("Other", 13)]
        assert chart.total == 40

    @pytest.mark.parametrize(
        ("highest", "values"),
        [(1, [0, 1]), (7, [0, 2, 4, 6, 8]), (302, [0, 100, 200, 300, 400]), (9, [0, 5, 10])],
    )
    def test_gridlines_are_round_and_few(self, highest: int, values: list[int]) -> None:
        chart = charts.by_day(_usage(), [_day(1, quantity=highest)], TODAY)

        assert chart is not None
        assert [line.value for line in chart.grid] == values


class TestPace:
    def test_today_does_not_count_as_it_is_not_over(self) -> None:
        days = [_day(number) for number in (1, 2, 3, 4)]

        outlook = charts.outlook(_usage(), days, TODAY)

        assert outlook is not None
        assert outlook.runs_out_on == TODAY + timedelta(6)

    def test_no_limit_needs_no_forecast(self) -> None:
        assert charts.outlook(_usage(limit=None), [_day(1)], TODAY) is None


class TestPage:
    def test_each_chart_has_its_table(self, page: PageClient) -> None:
        states.catalog_at_stripe()
        states.log_in(page, states.three_weeks_in())

        text = page.open("/usage").main

        tables = {table.get("id") for table in page.current.all("table")}
        drawn = {chart.get("data-chart") for chart in page.current.all("div", "chart")}
        assert drawn == {"burn-down-table", "by-day-table"}
        assert drawn <= tables
        assert "At this pace, runs out" in text
        assert "AI mentor 1,494 33%" in text

    def test_a_used_up_quota_is_drawn_to_its_end(self, page: PageClient) -> None:
        states.catalog_at_stripe()
        user = states.three_weeks_in()
        metering.record(user, "ai_chat", usage.summary(user).quota.remaining or 0)
        states.log_in(page, user)

        text = page.open("/usage").main

        assert "0 left" in text
        assert "At this pace Used up" in text
        assert "Runs out" not in text

    def test_one_day_is_a_number_and_not_a_chart(self, page: PageClient) -> None:
        states.catalog_at_stripe()
        states.log_in(page, states.used_up())

        text = page.open("/usage").main

        assert page.current.all("div", "chart") == []
        assert "By feature AI chat 20 100%" in text

    def test_no_limit_no_burn_down(self, page: PageClient) -> None:
        states.catalog_at_stripe()
        states.log_in(page, states.subscribed("scale"))

        assert "No limit on your plan" in page.open("/usage").main
