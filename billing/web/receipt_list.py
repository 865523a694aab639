"""The list of receipts as its address asks for it: a year of the reader's, a status, a page."""

from dataclasses import dataclass
from datetime import UTC, datetime

from flask import request, url_for

from billing import clock
from billing.domain.receipts import ReceiptStatus
from billing.services import receipts
from billing.services.receipts import ReceiptFilter
from billing.web.language import reader
from billing.web.receipts import BillingRow, billing_rows

PAGE_SIZE = 25


@dataclass(frozen=True, slots=True)
class ReceiptList:
    """One page of the list, with what its form and its links need."""

    rows: list[BillingRow]
    total: int
    page: int
    year: str
    status: str
    years: list[str]

    @property
    def first(self) -> int:
        """The number of the first row shown."""
        return (self.page - 1) * PAGE_SIZE + 1

    @property
    def last(self) -> int:
        return self.first + len(self.rows) - 1

    @property
    def is_filtered(self) -> bool:
        return bool(self.year or self.status)

    @property
    def has_next(self) -> bool:
        return self.last < self.total

    def href(self, page: int) -> str:
        """Return the address of another page of the same receipts."""
        return url_for(
            "account.invoices",
            year=self.year or None,
            status=self.status or None,
            page=page if page > 1 else None,
        )


def read(user_id: int) -> ReceiptList:
    """Return the page of the list that the address asks for; beyond the last one is the first."""
    year, status = request.args.get("year", ""), request.args.get("status", "")
    page = max(request.args.get("page", 1, type=int), 1)
    years = _years(user_id)
    only = ReceiptFilter(
        status=ReceiptStatus(status) if status in set(ReceiptStatus) else None,
        since=_new_year(int(year)) if year in years else None,
        until=_new_year(int(year) + 1) if year in years else None,
    )
    found = receipts.list_page(user_id, only=only, page=page, size=PAGE_SIZE)
    if page > 1 and (page - 1) * PAGE_SIZE >= found.total:
        page = 1
        found = receipts.list_page(user_id, only=only, page=page, size=PAGE_SIZE)
    return ReceiptList(
        rows=billing_rows(found.invoices, found.orders),
        total=found.total,
        page=page,
        year=year if only.since else "",
        status=status if only.status else "",
        years=years,
    )


def _years(user_id: int) -> list[str]:
    first = receipts.find_first_moment(user_id)
    if first is None:
        return []
    zone = reader().known_time_zone
    years = range(first.astimezone(zone).year, clock.now().astimezone(zone).year + 1)
    return [str(year) for year in reversed(years)]


def _new_year(year: int) -> datetime:
    return datetime(year, 1, 1, tzinfo=reader().known_time_zone).astimezone(UTC)
