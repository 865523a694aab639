"""How amounts, counts and dates read, in several languages and zones."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import time_machine
from flask import Flask

from billing.domain.money import Money
from billing.web import filters, language
from billing.web.language import Reader

NARROW, HARD = "\N{NARROW NO-BREAK SPACE}", "\N{NO-BREAK SPACE}"
MOMENT = datetime(2026, 12, 3, 19, 20, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _page() -> Iterator[None]:
    app = Flask(__name__)
    language.init_app(app)
    with app.app_context():
        yield


@pytest.mark.parametrize(
    ("locale", "amount", "words"),
    [
        ("en", Money(4900, "USD"), "$49.00"),
        ("en", Money(-467, "USD"), "\N{MINUS SIGN}$4.67"),
        ("de", Money(123456, "EUR"), f"1.234,56{HARD}€"),
        ("en", Money(500, "JPY"), "¥500"),
        ("de", Money(1230, "KWD"), f"1,230{HARD}KWD"),
    ],
)
def test_money(locale: str, amount: Money, words: str) -> None:
    language.speak_to(Reader(locale))

    assert filters.money(amount) == words


@pytest.mark.parametrize(
    ("locale", "amount", "words"),
    [
        ("en", Money(4900, "USD"), "$49"),
        ("en", Money(4950, "USD"), "$49.50"),
        ("de", Money(4900, "EUR"), f"49{HARD}€"),
        ("de", Money(4950, "EUR"), f"49,50{HARD}€"),
        ("en", Money(149000, "USD"), "$1,490"),
    ],
)
def test_whole_money_loses_nothing(locale: str, amount: Money, words: str) -> None:
    language.speak_to(Reader(locale))

    assert filters.whole_money(amount) == words


def test_numbers() -> None:
    language.speak_to(Reader("de"))

    assert filters.number(1234567) == "1.234.567"
    assert filters.signed_number(25000) == "+25.000"
    assert filters.signed_number(-620) == "\N{MINUS SIGN}620"
    assert filters.signed_number(0) == "0"
    assert filters.percent(0.8) == f"80{HARD}%"


def test_moment_is_told_in_the_zone_and_marked_up_in_utc() -> None:
    language.speak_to(Reader("en", "Europe/Berlin"))

    words = filters.short_time(MOMENT)

    expected = f'<time datetime="2026-12-03T19:20:00Z">Dec 3, 2026, 8:20{NARROW}PM</time>'
    assert words == expected
    assert filters.zone_name() == "Berlin time"


def test_day_is_the_day_in_the_zone() -> None:
    language.speak_to(Reader("en", "Pacific/Auckland"))

    assert "December 4, 2026" in filters.long_date(MOMENT)
    assert "Dec 4, 2026" in filters.short_date(MOMENT)


@pytest.mark.parametrize(
    ("day", "words"), [(3, "today"), (4, "in 1 day"), (13, "in 10 days"), (31, "in 28 days")]
)
def test_distance_is_told_in_days(day: int, words: str) -> None:
    with time_machine.travel(datetime(2026, 12, 3, 8, 0, tzinfo=UTC)):
        assert filters.days_from_now(datetime(2026, 12, day, 1, 0, tzinfo=UTC)) == words


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../../etc/passwd"])
def test_unknown_zone_is_utc(zone: str) -> None:
    language.speak_to(Reader("en", zone))

    assert filters.zone_name() == "UTC"


@pytest.mark.parametrize("locale", ["xx", "", "en_US_POSIX_and_more", None])
def test_unknown_language_is_english(locale: str | None) -> None:
    language.speak_to(Reader(locale))

    assert filters.money(Money(4900, "USD")) == "$49.00"
