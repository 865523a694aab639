"""Tables as CSV: one row at a time, plain numbers, and no cell that a spreadsheet would run."""

import csv
import io
from collections.abc import Iterable, Iterator

from billing.domain.history import HistoryLine

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
    yield _row(HISTORY_HEADER)
    for line in lines:
        yield _row(
            (
                line.created_at.isoformat(timespec="seconds"),
                line.kind,
                _text(line.feature),
                line.quantity,
                line.from_quota,
                line.delta,
                line.balance_after,
                _text(line.reason),
                line.id,
            )
        )


def _text(value: str | None) -> str:
    return f"'{value}" if value and value.startswith(FORMULA_STARTS) else value or ""


def _row(cells: Iterable[str | int]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerow(cells)
    return buffer.getvalue()
