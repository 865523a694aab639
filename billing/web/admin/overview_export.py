"""The overview as CSV: a line a figure, amounts as plain decimals of their currency."""

from collections.abc import Iterator
from decimal import Decimal

from flask import Response

from billing.domain.money import Money
from billing.domain.revenue import MovementKind
from billing.services.overview import CurrencyFigures, Overview
from billing.web import csv_export
from billing.web.admin.date_range import DateRange

HEADER = ("from", "to", "currency", "figure", "value")


def answer(overview: Overview, chosen: DateRange) -> Response:
    """Answer with every figure of the overview.

    Args:
        overview: what the page shows.
        chosen: the days that it looks at.
    """
    days = (chosen.first.isoformat(), chosen.last.isoformat())
    lines = (
        (*days, figures.currency, name, value)
        for figures in overview.currencies
        for name, value in _figures(figures)
    )
    name = f"overview-{days[0]}_{days[1]}.csv"
    return Response(
        csv_export.rows(HEADER, lines),
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _figures(figures: CurrencyFigures) -> Iterator[tuple[str, Decimal | int | None]]:
    revenue, sales = figures.revenue, figures.token_sales
    yield "mrr_at_start", revenue.opening.amount
    for kind in MovementKind:
        yield f"mrr_{kind}", revenue.parts[kind].amount.amount
        yield f"mrr_{kind}_movements", revenue.parts[kind].movements
    yield "mrr_change", revenue.change.amount
    yield "mrr_at_end", revenue.monthly.amount
    yield "paying_accounts_at_start", revenue.paying_before
    yield "paying_accounts_at_end", revenue.paying
    yield "churn", revenue.churn
    yield "revenue_per_account", _amount(revenue.per_account)
    yield "past_due_now", figures.past_due.amount.amount
    yield "past_due_accounts_now", figures.past_due.accounts
    yield "token_sales", sales.amount.amount
    yield "token_packages_sold", sales.packages
    yield "token_sales_refunded", sales.refunded.amount


def _amount(money: Money | None) -> Decimal | None:
    return None if money is None else money.amount
