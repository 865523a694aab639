"""The state of a list in the URL: what is searched, filtered, sorted, and which page of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import request, url_for

from billing.domain.date_spans import DateSpan
from billing.services.admin.listing import Listing, ListQuery
from billing.web.admin.list_view import PAGE_SIZES
from billing.web.admin.zones import current_zone

MAX_TEXT_LENGTH = 200
MAX_PAGE_DIGITS = 6
# What the URL says beside the list's own filters; none of these may be called so.
SEARCH, SORT, PAGE, SIZE, WHEN = "q", "sort", "page", "size", "when"


@dataclass(frozen=True, slots=True)
class ListState:
    """What the URL asks for; a part that says nothing known is as if it were not there."""

    search: str
    filters: Mapping[str, str]
    sort: str
    is_descending: bool
    when: DateSpan | None
    page: int
    size: int

    @property
    def query(self) -> ListQuery:
        since, until = self.when.bounds(current_zone()) if self.when else (None, None)
        return ListQuery(
            search=self.search,
            filters=self.filters,
            sort=self.sort,
            is_descending=self.is_descending,
            since=since,
            until=until,
            page=self.page,
            size=self.size,
        )

    @property
    def is_narrowed(self) -> bool:
        return bool(self.search or self.filters or self.when)

    @property
    def written_sort(self) -> str:
        return f"-{self.sort}" if self.is_descending else self.sort

    def arguments(self, *, without: tuple[str, ...] = ()) -> dict[str, str]:
        """Return the state as the URL says it, but for the page: any change begins at the first."""
        said = {
            SEARCH: self.search,
            **self.filters,
            SORT: self.written_sort,
            WHEN: str(self.when) if self.when else "",
            SIZE: str(self.size) if self.size != PAGE_SIZES[0] else "",
        }
        return {name: value for name, value in said.items() if value and name not in without}

    def href(self, endpoint: str, **changes: Any) -> str:
        """Return the address of the list with something changed; None takes it away."""
        return url_for(endpoint, **(self.arguments() | changes))


def read_state(listing: Listing[Any], default_sort: str) -> ListState:
    """Read the state that the request's URL asks for.

    Args:
        listing: the list.
        default_sort: as the URL writes it: `-created` for the newest first.
    """
    written = request.args.get(SORT, "")
    if written.removeprefix("-") not in listing.sorts:
        written = default_sort
    size = request.args.get(SIZE, "")
    page = request.args.get(PAGE, "1")
    is_number = page.isascii() and page.isdigit() and len(page) <= MAX_PAGE_DIGITS
    return ListState(
        search=_text(SEARCH),
        filters=_filters(listing),
        sort=written.removeprefix("-"),
        is_descending=written.startswith("-"),
        when=DateSpan.find(request.args.get(WHEN, "")),
        page=max(int(page), 1) if is_number else 1,
        size=int(size) if size in map(str, PAGE_SIZES) else PAGE_SIZES[0],
    )


def _filters(listing: Listing[Any]) -> dict[str, str]:
    chosen = {
        name: request.args.get(name, "")
        for name, choices in listing.choices.items()
        if request.args.get(name) in choices
    }
    typed = {name: _text(name) for name in listing.matches if _text(name)}
    return chosen | typed


def _text(name: str) -> str:
    return request.args.get(name, "").replace("\0", "").strip()[:MAX_TEXT_LENGTH]
