"""How a list is declared: its columns, the words of its filters, what can be done to its rows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from billing.services.admin.listing import Listing
from billing.web.csv_export import Cell

Row = TypeVar("Row")
PAGE_SIZES = (25, 50, 100)


@dataclass(frozen=True, slots=True)
class Column(Generic[Row]):
    """One column: `name` sorts it in the URL and heads it in the CSV, `value` is its cell there."""

    name: str
    label: str
    value: Callable[[Row], Cell]
    is_number: bool = False


@dataclass(frozen=True, slots=True)
class Filter:
    """One filter's words; without `choices` named here the list itself says what they are called.

    A filter that the list matches as text is a field to type into.
    """

    name: str
    label: str
    choices: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Action:
    """Something that can be done to the ticked rows; the list's own page asks before it is."""

    name: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListView(Generic[Row]):
    """A list as a page; `actions_endpoint` is where its ticked rows go.

    The template is `admin/<endpoint's folder>/index.html` and writes the cells of a row, in the
    order of the columns.
    """

    endpoint: str
    export_endpoint: str
    template: str
    noun: str
    search_label: str
    listing: Callable[[], Listing[Row]]
    columns: Sequence[Column[Row]]
    default_sort: str
    filters: Sequence[Filter] = ()
    actions: Sequence[Action] = ()
    actions_endpoint: str = ""
