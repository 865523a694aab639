"""How amounts, counts and dates read: Babel, in the person's language and time zone."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale, UnknownLocaleError
from babel.dates import (
    format_date,
    format_skeleton,
    format_time,
    format_timedelta,
    get_datetime_format,
    get_timezone_location,
)
from babel.numbers import format_compact_decimal, format_currency, format_decimal, format_percent
from flask import Flask, g
from markupsafe import Markup

from billing import clock
from billing.domain.money import Money

DEFAULT_LOCALE = Locale("en", "US")
DAYS_BEFORE_MONTHS = 100
MINUS = "\N{MINUS SIGN}"


def init_app(app: Flask) -> None:
    """Give the templates the filters of this module."""
    filters: list[Callable[..., str]] = [
        money,
        whole_money,
        number,
        compact,
        signed_number,
        percent,
        short_date,
        long_date,
        short_time,
        days_from_now,
        day_and_month,
        whole_day,
        money_of,
        long_date_of,
    ]
    app.jinja_env.filters.update({function.__name__: function for function in filters})
    app.jinja_env.globals["zone_name"] = zone_name


def speak_to(*, locale: str, time_zone: str) -> None:
    """Set the language and the zone that this request's pages are written in."""
    g.locale, g.time_zone = _locale(locale), _zone(time_zone)


@contextmanager
def speaking_to(*, locale: str, time_zone: str) -> Iterator[None]:
    """Write in another person's language and zone for a while: an e-mail between two pages."""
    before = {name: g.get(name) for name in ("locale", "time_zone")}
    speak_to(locale=locale, time_zone=time_zone)
    try:
        yield
    finally:
        for name, value in before.items():
            g.pop(name) if value is None else setattr(g, name, value)


def speaks() -> bool:
    """Return whether the language and the zone of this request are settled."""
    return "locale" in g


def current_locale() -> Locale:
    """Return the locale of the page."""
    return g.get("locale", DEFAULT_LOCALE)  # type: ignore[no-any-return]


def zone_name() -> str:
    """Return the name of the page's time zone, as a person says it: "Berlin time", "UTC"."""
    zone = _current_zone()
    if zone.key == "UTC":
        return "UTC"
    return f"{get_timezone_location(zone, locale=current_locale(), return_city=True)} time"


def money(amount: Money) -> str:
    """Return "$49.00", with the currency's own decimals."""
    return format_currency(amount.amount, amount.currency, locale=current_locale()).replace(
        "-", MINUS
    )


def whole_money(amount: Money) -> str:
    """Return "$49" when nothing is lost by it, for a price on a card; else as `money`."""
    if amount.amount != amount.amount.to_integral_value():
        return money(amount)
    locale = current_locale()
    pattern = locale.currency_formats["standard"].pattern.replace(".00", "")
    return format_currency(
        amount.amount, amount.currency, pattern, locale=locale, currency_digits=False
    )


def number(count: int) -> str:
    """Return "10,000"."""
    return format_decimal(count, locale=current_locale()).replace("-", MINUS)


def compact(count: int) -> str:
    """Return "10K": for axes only, where it is never the only figure."""
    return format_compact_decimal(count, locale=current_locale(), fraction_digits=1)


def signed_number(count: int) -> str:
    """Return "+10,000": a change, never a state."""
    return f"+{number(count)}" if count > 0 else number(count)


def percent(share: float) -> str:
    """Return "80%" for 0.8."""
    return format_percent(share, locale=current_locale())


def short_date(moment: datetime) -> Markup:
    """Return "Dec 14, 2026" in the person's zone, for tables."""
    return _time(moment, format_date(_local(moment), "medium", locale=current_locale()))


def long_date(moment: datetime) -> Markup:
    """Return "December 14, 2026" in the person's zone, for sentences."""
    return _time(moment, format_date(_local(moment), "long", locale=current_locale()))


def short_time(moment: datetime) -> Markup:
    """Return "Dec 14, 2026, 2:30 PM" in the person's zone."""
    local, locale = _local(moment), current_locale()
    date = format_date(local, "medium", locale=locale)
    # Babel's medium time has seconds, and its short date has no month's name: one of each.
    time = format_time(local, "short", tzinfo=_current_zone(), locale=locale)
    pattern = str(get_datetime_format("medium", locale=locale))
    return _time(moment, pattern.replace("{0}", time).replace("{1}", date).replace("'", ""))


def day_and_month(day: date) -> str:
    """Return "Dec 14", for axes."""
    return format_skeleton("MMMd", _midnight(day), tzinfo=UTC, locale=current_locale())


def whole_day(day: date) -> Markup:
    """Return "Dec 14, 2026" for a day that is no moment, such as a UTC day of usage."""
    text = format_date(day, "medium", locale=current_locale())
    return Markup('<time datetime="{}">{}</time>').format(day.isoformat(), text)


def money_of(fact: Mapping[str, Any]) -> str:
    """Return "$49.00" of an e-mail's fact."""
    return money(Money(fact["minor"], fact["currency"]))


def long_date_of(fact: str) -> str:
    """Return "December 14, 2026" of an e-mail's fact, as plain text."""
    return long_date(datetime.fromisoformat(fact)).striptags()


def days_from_now(moment: datetime) -> str:
    """Return "in 10 days", "today": only next to the date itself."""
    days = (_local(moment).date() - _local(clock.now()).date()).days
    if days == 0:
        return "today"
    # The threshold keeps it in days: "in 1 month" is no help with a quota that resets each month.
    return format_timedelta(
        timedelta(days=days),
        granularity="day",
        threshold=DAYS_BEFORE_MONTHS,
        add_direction=True,
        locale=current_locale(),
    )


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _time(moment: datetime, text: str) -> Markup:
    machine = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Markup('<time datetime="{}">{}</time>').format(machine, text)


def _local(moment: datetime) -> datetime:
    return moment.astimezone(_current_zone())


def _current_zone() -> ZoneInfo:
    return g.get("time_zone") or _zone("UTC")


@cache
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


@cache
def _locale(name: str) -> Locale:
    try:
        return Locale.parse(name, sep="-" if "-" in name else "_")
    except (UnknownLocaleError, ValueError):
        return DEFAULT_LOCALE
