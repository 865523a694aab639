"""Lists as pages and as CSV: what the list component shows, with every link that it needs."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Generic, TypeVar

from babel.dates import format_skeleton
from flask import Response, redirect, render_template, stream_with_context, url_for
from flask.typing import ResponseReturnValue

from billing import clock
from billing.domain.date_spans import DateSpan, years_between
from billing.services.admin import listing as lists
from billing.services.admin.listing import MAX_COUNTED, Listing, ListPage
from billing.web import csv_export
from billing.web.admin.list_state import PAGE, SIZE, SORT, WHEN, ListState, read_state
from billing.web.admin.list_view import PAGE_SIZES, Action, Column, Filter, ListView
from billing.web.admin.zones import current_zone
from billing.web.language import current_locale

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of a filter, and how many rows it would leave, where that was counted."""

    value: str
    label: str
    count: int | None
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class ListShown(Generic[Row]):
    """A list as its page shows it."""

    view: ListView[Row]
    listing: Listing[Row]
    state: ListState
    found: ListPage[Row]

    @property
    def rows(self) -> Sequence[Row]:
        return self.found.rows

    @property
    def total(self) -> int:
        return min(self.found.total, MAX_COUNTED)

    @property
    def is_capped(self) -> bool:
        return self.found.is_capped

    @property
    def first(self) -> int:
        """The number of the first row shown."""
        return (self.state.page - 1) * self.state.size + 1

    @property
    def last(self) -> int:
        return self.first + len(self.rows) - 1

    @property
    def pages(self) -> int:
        return max(-(-self.total // self.state.size), 1)

    @property
    def page_numbers(self) -> list[int | None]:
        """The first page, the last, this one and one each side; None where some are left out."""
        shown = sorted({1, self.pages, *self._around(self.state.page)})
        numbers: list[int | None] = []
        for number in shown:
            if numbers and number - (numbers[-1] or 0) > 1:
                numbers.append(None)
            numbers.append(number)
        return numbers

    def _around(self, page: int) -> Iterator[int]:
        return (near for near in (page - 1, page, page + 1) if 1 <= near <= self.pages)

    def page_href(self, number: int) -> str:
        return self._href(**{PAGE: number if number > 1 else None})

    def size_href(self, size: int) -> str:
        return self._href(**{SIZE: size if size != PAGE_SIZES[0] else None})

    @property
    def sizes(self) -> tuple[int, ...]:
        return PAGE_SIZES

    @property
    def clear_href(self) -> str:
        return url_for(self.view.endpoint)

    @property
    def export_href(self) -> str:
        return self.state.href(self.view.export_endpoint)

    def is_sortable(self, column: Column[Row]) -> bool:
        return column.name in self.listing.sorts

    def sort_href(self, column: Column[Row]) -> str:
        """Sort by the column: the newest and the largest first, and the other way round again."""
        is_up = self.state.sort == column.name and self.state.is_descending
        return self._href(**{SORT: column.name if is_up else f"-{column.name}"})

    def aria_sort(self, column: Column[Row]) -> str | None:
        if self.state.sort != column.name:
            return None
        return "descending" if self.state.is_descending else "ascending"

    def options(self, shown: Filter) -> list[Option]:
        """Return the choices of a filter; none of a filter that is typed into."""
        counts = self.found.counts.get(shown.name, {})
        return [
            Option(
                value,
                shown.choices.get(value) or self.listing.called.get(value, value),
                counts.get(value),
                self.state.filters.get(shown.name) == value,
            )
            for value in self.listing.choices.get(shown.name, {})
        ]

    def word(self, filter_name: str, value: str) -> str:
        """Return how a value reads that one of the filters has a word for."""
        shown = next(each for each in self.view.filters if each.name == filter_name)
        return shown.choices[value]

    @property
    def hidden(self) -> Mapping[str, str]:
        """What the filter form carries along: the order, the date and the size."""
        named = tuple(self.state.filters)
        return self.state.arguments(without=("q", *named))

    @property
    def arguments(self) -> Mapping[str, str]:
        """The whole state, for the form of the ticked rows: it says what "all" means."""
        return self.state.arguments()

    @property
    def actions(self) -> Sequence[Action]:
        return self.view.actions

    @property
    def when(self) -> DateSpan | None:
        return self.state.when

    @property
    def dates(self) -> list[DateSpan]:
        """The years, months or days below what is chosen, newest first."""
        if self.found.earliest is None or self.found.latest is None:
            return []
        zone = current_zone()
        earliest = self.found.earliest.astimezone(zone)
        latest = self.found.latest.astimezone(zone)
        if self.when is not None:
            return self.when.children(earliest, latest)
        years = years_between(earliest, latest)
        return years if len(years) > 1 else years[0].children(earliest, latest)

    def date_href(self, span: DateSpan | None) -> str:
        return self._href(**{WHEN: str(span) if span else None})

    def date_label(self, span: DateSpan) -> str:
        """Return "2026", "November 2026" or "Nov 14"."""
        skeleton = "MMMd" if span.day else "yMMMM" if span.month else "y"
        first_day = datetime(span.year, span.month or 1, span.day or 1, tzinfo=UTC)
        return str(format_skeleton(skeleton, first_day, tzinfo=UTC, locale=current_locale()))

    def _href(self, **changes: Any) -> str:
        return self.state.href(self.view.endpoint, **changes)


def show(view: ListView[Any], **values: object) -> ResponseReturnValue:
    """Answer with the page of the list that the URL asks for; one beyond the last is the first.

    Args:
        view: the list.
        values: what its template needs besides.
    """
    listing = view.listing()
    state = read_state(listing, view.default_sort)
    shown = ListShown(view, listing, state, lists.read(listing, state.query))
    if state.page > shown.pages:
        return redirect(shown.page_href(1), HTTPStatus.SEE_OTHER)
    return render_template(view.template, list=shown, **values)


def export(view: ListView[Any]) -> Response:
    """Answer with everything that the URL's filters leave, as CSV, a row at a time.

    Args:
        view: the list.
    """
    listing = view.listing()
    query = read_state(listing, view.default_sort).query
    cells: list[Callable[[Any], csv_export.Cell]] = [column.value for column in view.columns]
    rows = csv_export.rows(
        [column.name for column in view.columns],
        ([cell(row) for cell in cells] for row in lists.stream(listing, query)),
    )
    name = f"{view.noun}-{clock.now():%Y-%m-%d}.csv"
    return Response(
        stream_with_context(rows),
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
