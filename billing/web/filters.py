"""How amounts, counts and dates read: Babel, in the reader's language and time zone."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from babel.dates import format_skeleton, get_datetime_format, get_timezone_location
from babel.numbers import format_compact_decimal, get_currency_name
from flask import Flask
from flask_babel import (
    format_currency,
    format_date,
    format_decimal,
    format_percent,
    format_time,
    format_timedelta,
    get_timezone,
    to_user_timezone,
)
from markupsafe import Markup

from billing import clock
from billing.domain.interval import Interval
from billing.domain.money import Money
from billing.web.language import _, current_locale, ngettext

DAYS_BEFORE_MONTHS = 100
MINUS = "\N{MINUS SIGN}"


def init_app(app: Flask) -> None:
    """Give the templates the filters of this module."""
    filters: list[Callable[..., str]] = [
        money,
        whole_money,
        currency_name,
        number,
        compact,
        signed_number,
        signed_money,
        percent,
        short_date,
        long_date,
        short_time,
        days_from_now,
        day_and_month,
        whole_day,
        money_of,
        rate,
        requests_a_month,
        rate_of,
        long_date_of,
    ]
    app.jinja_env.filters.update({function.__name__: function for function in filters})
    app.jinja_env.globals["zone_name"] = zone_name


def zone_name() -> str:
    """Return the name of the reader's time zone, as a person says it: "Berlin time", "UTC"."""
    zone = get_timezone()
    if str(zone) == "UTC":
        return "UTC"
    city = get_timezone_location(zone, locale=current_locale(), return_city=True)
    return _("%(city)s time", city=city)


def money(amount: Money) -> str:
    """Return "$49.00", with the currency's own decimals."""
    return format_currency(amount.amount, amount.currency).replace("-", MINUS)


def whole_money(amount: Money) -> str:
    """Return "$49" when nothing is lost by it, for a price on a card; else as `money`."""
    if amount.amount != amount.amount.to_integral_value():
        return money(amount)
    pattern = current_locale().currency_formats["standard"].pattern.replace(".00", "")
    return format_currency(amount.amount, amount.currency, pattern, currency_digits=False)


def rate(price: Money, interval: str) -> str:
    """Return "$49.00 a month"."""
    if interval == Interval.YEAR:
        return _("%(price)s a year", price=money(price))
    return _("%(price)s a month", price=money(price))


def currency_name(amount: Money) -> str:
    """Return "US dollars": what the amounts of a page are in."""
    return get_currency_name(amount.currency, count=2, locale=current_locale())


def number(count: int) -> str:
    """Return "10,000"."""
    return format_decimal(count).replace("-", MINUS)


def requests_a_month(limit: int | None) -> str:
    """Return "5,000 AI requests a month", by the limit of a plan; None has none."""
    if limit is None:
        return _("Unlimited AI requests")
    return ngettext(
        "%(count)s AI request a month", "%(count)s AI requests a month", limit, count=number(limit)
    )


def compact(count: int) -> str:
    """Return "10K": for axes only, where it is never the only figure."""
    return format_compact_decimal(count, locale=current_locale(), fraction_digits=1)


def signed_number(count: int) -> str:
    """Return "+10,000": a change, never a state."""
    return f"+{number(count)}" if count > 0 else number(count)


def signed_money(amount: Money) -> str:
    """Return "+$412.00": a change, never a state."""
    return f"+{money(amount)}" if amount.amount_minor > 0 else money(amount)


def percent(share: float | Decimal) -> str:
    """Return "80%" for 0.8."""
    return format_percent(share)


def short_date(moment: datetime) -> Markup:
    """Return "Dec 14, 2026" in the person's zone, for tables."""
    return _time(moment, format_date(moment, "medium"))


def long_date(moment: datetime) -> Markup:
    """Return "December 14, 2026" in the person's zone, for sentences."""
    return _time(moment, format_date(moment, "long"))


def short_time(moment: datetime) -> Markup:
    """Return "Dec 14, 2026, 2:30 PM" in the person's zone."""
    # Babel's medium time has seconds, and its short date has no month's name: one of each.
    date, time = format_date(moment, "medium"), format_time(moment, "short")
    pattern = str(get_datetime_format("medium", locale=current_locale()))
    return _time(moment, pattern.replace("{0}", time).replace("{1}", date).replace("'", ""))


def day_and_month(day: date) -> str:
    """Return "Dec 14", for axes."""
    return format_skeleton("MMMd", _midnight(day), tzinfo=UTC, locale=current_locale())


def whole_day(day: date) -> Markup:
    """Return "Dec 14, 2026" for a day that is no moment, such as a UTC day of usage."""
    text = format_date(day, "medium")
    return Markup('<time datetime="{}">{}</time>').format(day.isoformat(), text)


def money_of(fact: Mapping[str, Any]) -> str:
    """Return "$49.00" of an e-mail's fact."""
    return money(Money(fact["minor"], fact["currency"]))


def rate_of(fact: Mapping[str, Any], interval: str) -> str:
    """Return "$49.00 a month" of an e-mail's fact."""
    return rate(Money(fact["minor"], fact["currency"]), interval)


def long_date_of(fact: str) -> str:
    """Return "December 14, 2026" of an e-mail's fact, as plain text."""
    return long_date(datetime.fromisoformat(fact)).striptags()


def days_from_now(moment: datetime) -> str:
    """Return "in 10 days", "today": only next to the date itself."""
    days = (to_user_timezone(moment).date() - to_user_timezone(clock.now()).date()).days
    if days == 0:
        return _("today")
    # The threshold keeps it in days: "in 1 month" is no help with a quota that resets each month.
    return format_timedelta(
        timedelta(days=days),
        granularity="day",
        threshold=DAYS_BEFORE_MONTHS,
        add_direction=True,
    )


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _time(moment: datetime, text: str) -> Markup:
    machine = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Markup('<time datetime="{}">{}</time>').format(machine, text)
