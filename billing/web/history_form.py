"""The filter of the history, as it stands in the address: whole days in the reader's zone."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from flask import request

from billing import clock
from billing.domain.history import HistoryFilter
from billing.web.history_words import KINDS
from billing.web.language import _, reader

MAX_REFERENCE = 255
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class HistoryForm:
    """What was typed, what is wrong with it, and which lines it asks for."""

    kind: str
    first: str
    last: str
    reference: str
    only: HistoryFilter
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def problems(self) -> list[tuple[str, str]]:
        """What `error_summary` shows."""
        return list(self.errors.items())

    @property
    def query(self) -> dict[str, str]:
        """The fields that are set, for the addresses of other pages of the same lines."""
        fields = {"type": self.kind, "from": self.first, "to": self.last}
        named = fields | {"reference": self.reference}
        return {name: value for name, value in named.items() if value}


def read() -> HistoryForm:
    """Read the filter from the address; a field that cannot be used lets all pass."""
    kind, reference = request.args.get("type", ""), request.args.get("reference", "").strip()
    first, last = request.args.get("from", ""), request.args.get("to", "")
    errors = {}
    since, until = _day(first), _day(last)
    if kind and kind not in KINDS:
        errors["type"] = _("Choose one of the types")
    if first and since is None:
        errors["from"] = _("Enter a date, such as 2026-11-14")
    if last and until is None:
        errors["to"] = _("Enter a date, such as 2026-11-14")
    if since and until and until < since:
        errors["to"] = _("Choose a day that is not before the first one")
    only = HistoryFilter(
        kind=kind if kind in KINDS else None,
        since=_midnight(since) if since else None,
        until=_midnight(until + ONE_DAY) if until else None,
        reference=reference[:MAX_REFERENCE] or None,
    )
    # A date field can only hold a date.
    first, last = first if since else "", last if until else ""
    return HistoryForm(kind, first, last, reference, only, errors)


def file_name(form: HistoryForm) -> str:
    """Return the name of the CSV file: `usage-2026-11-14_2026-12-04.csv`."""
    today = clock.now().astimezone(reader().known_time_zone).date().isoformat()
    days = "_".join(day for day in (form.first, form.last or today) if day)
    return f"usage-{days}.csv"


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=reader().known_time_zone).astimezone(UTC)
