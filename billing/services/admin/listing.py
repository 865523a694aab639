"""Lists: one description of a table gives its pages, its counts, its dates and its export.

A page costs four statements, however long the table is: what matches is counted up to a bound, and
so are the choices of each filter.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeAlias, TypeVar

from sqlalchemy import ColumnElement, Select, func, literal, select
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.base import ExecutableOption, ReadOnlyColumnCollection

from billing.database import db
from billing.errors import InvalidInput
from billing.messages import Message

Row = TypeVar("Row")
Condition: TypeAlias = ColumnElement[bool]
Column: TypeAlias = ColumnElement[Any] | InstrumentedAttribute[Any]

MAX_COUNTED = 100_000
"""How far a list is counted and paged; filters lead to what lies beyond."""
MAX_SELECTED = 1_000
"""How many rows one action may change."""
EXPORT_CHUNK = 1_000
TOTAL = "total"


@dataclass(frozen=True, slots=True)
class ListQuery:
    """What of a list is asked for; names that the list does not have ask for nothing."""

    search: str = ""
    filters: Mapping[str, str] = field(default_factory=dict)
    sort: str = ""
    is_descending: bool = True
    since: datetime | None = None
    until: datetime | None = None
    page: int = 1
    size: int = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing(Generic[Row]):
    """A table as a list.

    `rows` has the joins that the conditions need, `options` load what the rows show. `key` is
    unique and breaks ties. `choices` are filters of a few values, with their conditions and, where
    it is data, what each is `called`; `matches` are filters that take any text.
    """

    rows: Select[Row]
    key: Sequence[Column]
    moment: Column
    search: Callable[[str], Condition]
    sorts: Mapping[str, Column]
    options: Sequence[ExecutableOption] = ()
    choices: Mapping[str, Mapping[str, Condition]] = field(default_factory=dict)
    matches: Mapping[str, Callable[[str], Condition]] = field(default_factory=dict)
    called: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ListPage(Generic[Row]):
    """One page; `counts` says for each filter how many of the rest each choice would leave."""

    rows: Sequence[Row]
    total: int
    counts: Mapping[str, Mapping[str, int]]
    earliest: datetime | None
    latest: datetime | None

    @property
    def is_capped(self) -> bool:
        """Whether more match than were counted."""
        return self.total > MAX_COUNTED


def read(listing: Listing[Row], query: ListQuery) -> ListPage[Row]:
    """Return a page of the list with what stands around it.

    Args:
        listing: the table.
        query: what of it; a page beyond the last is empty.
    """
    first = (query.page - 1) * query.size
    wanted = _sorted(listing, query).offset(first).limit(query.size)
    earliest, latest = db.session.execute(
        listing.rows.with_only_columns(
            func.min(listing.moment), func.max(listing.moment), maintain_column_froms=True
        )
    ).one()
    return ListPage(
        rows=db.session.scalars(wanted.options(*listing.options)).all(),
        total=_count(listing, query),
        counts=_count_choices(listing, query),
        earliest=earliest,
        latest=latest,
    )


def stream(listing: Listing[Row], query: ListQuery) -> Iterator[Row]:
    """Yield every row that matches, in the order of the list, a chunk in memory at a time.

    Args:
        listing: the table.
        query: what of it; its page and size do not matter.
    """
    everything = _sorted(listing, query).options(*listing.options)
    yield from db.session.scalars(everything.execution_options(yield_per=EXPORT_CHUNK))


def select_matching(listing: Listing[Row], query: ListQuery) -> Sequence[Row]:
    """Return every row that matches, for an action on all of them.

    Args:
        listing: the table.
        query: what of it; its page and size do not matter.

    Raises:
        InvalidInput: they are too many for one action.
    """
    found = db.session.scalars(_sorted(listing, query).limit(MAX_SELECTED + 1)).all()
    if len(found) > MAX_SELECTED:
        raise InvalidInput(
            Message("At most %(num)s can be changed at once. Narrow the list.", num=MAX_SELECTED)
        )
    return found


def select_ids(listing: Listing[Row], ids: Sequence[int]) -> Sequence[Row]:
    """Return the rows with these ids, for an action on them; unknown ones are passed over.

    Args:
        listing: a table whose key is one number.
        ids: as they were ticked.
    """
    (key,) = listing.key
    chosen = listing.rows.where(key.in_(ids[:MAX_SELECTED])).order_by(key)
    return db.session.scalars(chosen).all()


def _sorted(listing: Listing[Row], query: ListQuery) -> Select[Row]:
    sort = listing.sorts.get(query.sort)
    columns = [*([] if sort is None else [sort]), *listing.key]
    order = [column.desc() if query.is_descending else column.asc() for column in columns]
    return listing.rows.where(*_conditions(listing, query), *_chosen(listing, query)).order_by(
        *order
    )


def _conditions(listing: Listing[Row], query: ListQuery) -> list[Condition]:
    """Everything that narrows the list but for the filters of a few values."""
    conditions = [listing.search(query.search)] if query.search else []
    if query.since is not None:
        conditions.append(listing.moment >= query.since)
    if query.until is not None:
        conditions.append(listing.moment < query.until)
    for name, condition in listing.matches.items():
        if query.filters.get(name):
            conditions.append(condition(query.filters[name]))
    return conditions


def _chosen(listing: Listing[Row], query: ListQuery) -> list[Condition]:
    return [
        choices[query.filters[name]]
        for name, choices in listing.choices.items()
        if query.filters.get(name) in choices
    ]


def _count(listing: Listing[Row], query: ListQuery) -> int:
    conditions = [*_conditions(listing, query), *_chosen(listing, query)]
    matching = listing.rows.with_only_columns(literal(1), maintain_column_froms=True)
    bounded = matching.where(*conditions).limit(MAX_COUNTED + 1).subquery()
    return db.session.scalar(select(func.count()).select_from(bounded)) or 0


def _count_choices(listing: Listing[Row], query: ListQuery) -> dict[str, dict[str, int]]:
    """Count every choice of every filter in one statement, each beside the other filters."""
    flags = [
        condition.label(_flag(name, value))
        for name, choices in listing.choices.items()
        for value, condition in choices.items()
    ]
    if not flags:
        return {}
    matching = listing.rows.with_only_columns(*flags, maintain_column_froms=True)
    bounded = matching.where(*_conditions(listing, query)).limit(MAX_COUNTED + 1).subquery()
    numbers = [
        func.count()
        .filter(bounded.c[_flag(name, value)], *_others(listing, query, bounded.c, name))
        .label(_flag(name, value))
        for name, choices in listing.choices.items()
        for value in choices
    ]
    counted = select(func.count().label(TOTAL), *numbers).select_from(bounded)
    found = db.session.execute(counted).mappings().one()
    if found[TOTAL] > MAX_COUNTED:
        return {}
    return {
        name: {value: found[_flag(name, value)] for value in choices}
        for name, choices in listing.choices.items()
    }


def _flag(name: str, value: str) -> str:
    return f"{name}__{value}"


def _others(
    listing: Listing[Row],
    query: ListQuery,
    flags: ReadOnlyColumnCollection[str, Any],
    name: str,
) -> list[Condition]:
    return [
        flags[_flag(other, query.filters[other])]
        for other, choices in listing.choices.items()
        if other != name and query.filters.get(other) in choices
    ]
