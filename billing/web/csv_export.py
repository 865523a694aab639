"""Tables as CSV: one row at a time, plain numbers, and no cell that a spreadsheet would run."""

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import TypeAlias

from billing.domain.history import HistoryLine

Cell: TypeAlias = "str | int | Decimal | datetime | None"

# A spreadsheet takes a cell that begins with one of these for a formula.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\N{FULLWIDTH EQUALS SIGN}")
HISTORY_HEADER = (
    "when",
    "type",
    "feature",
    "quantity",
    "from_quota",
    "tokens",
    "balance_after",
    "reason",
    "reference",
)


def history_rows(lines: Iterable[HistoryLine]) -> Iterator[str]:
    """Yield the history as CSV, a line at a time, the header first."""
    return rows(
        HISTORY_HEADER,
        (
            (
                line.created_at,
                line.kind,
                line.feature,
                line.quantity,
                line.from_quota,
                line.delta,
                line.balance_after,
                line.reason,
                line.id,
            )
            for line in lines
        ),
    )


def rows(header: Iterable[str], lines: Iterable[Iterable[Cell]]) -> Iterator[str]:
    """Yield any table as CSV, a line at a time, the header first."""
    yield _row(header)
    for line in lines:
        yield _row(map(_written, line))


def _written(cell: Cell) -> str | int | Decimal:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.isoformat(timespec="seconds")
    is_formula = isinstance(cell, str) and cell.startswith(FORMULA_STARTS)
    return f"'{cell}" if is_formula else cell


def _row(cells: Iterable[str | int | Decimal]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerow(cells)
    return buffer.getvalue()
