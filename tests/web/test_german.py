"""The pages in German: no text shows up in English, and figures read as Germans write them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from xml.etree.ElementTree import Element

import pytest
from babel.messages.pofile import read_po
from flask.testing import FlaskClient

from billing.database import transaction
from billing.domain.catalog_file import parse
from billing.models import User
from tests import factories, states
from tests.architecture.test_translations import CATALOG, forms
from tests.factories import DEMO_CATALOG
from tests.outbox import Outbox
from tests.page import PageClient

pytestmark = pytest.mark.one_database

PLACEHOLDER = re.compile(r"%\\\(\w+\\\)s")
NAMES = {
    "Free",
    *("100 tokens", "500 tokens", "2,000 tokens", "10,000 tokens"),
    *("Isle of Man", "Port of Spain, Trinidad und Tobago"),
}
"""Names of the demo's catalog and of places: nobody translates those."""
READ_ALOUD = ("aria-label", "aria-valuetext", "title", "placeholder", "alt")
STATES: dict[str, Callable[[], User]] = {
    state.__name__: state
    for state in (
        states.free,
        states.subscribed,
        states.ending,
        states.trialing,
        states.past_due,
        states.bank_asks,
        states.downgrading,
        states.card_expiring,
        states.ended,
        states.waiting,
        states.used_up,
        states.on_tokens,
        states.busy,
        states.three_weeks_in,
    )
}
OTHER_PAGES = (
    "/pricing",
    "/usage",
    "/usage/transactions",
    "/account/cancel",
    "/account/settings",
    "/account/settings/keys",
    "/account/settings/email",
    "/account/settings/password",
    "/account/settings/second-factor",
    "/account/settings/devices",
    "/account/settings/close",
    "/nowhere",
)
"""Each is opened in the states where it differs most: on a plan, with three weeks of use."""
ADMIN_PAGES = (
    "/admin/",
    "/admin/users",
    "/admin/users/1",
    "/admin/plans",
    "/admin/plans/new",
    "/admin/plans/1",
    "/admin/packages",
    "/admin/packages/new",
    "/admin/packages/1",
    "/admin/events",
    "/admin/events?state=failed",
    "/admin/emails",
    "/admin/host-webhooks",
    "/admin/audit-log",
)


@cache
def english() -> list[re.Pattern[str]]:
    """Return a pattern for each text whose German reads otherwise."""
    with CATALOG.open("rb") as file:
        catalog = read_po(file, locale="de")
    sold = parse(DEMO_CATALOG.read_bytes())
    pairs = [(entry.name, entry.name_in["de"]) for entry in sold.features.values()]
    pairs += [(entry.description, entry.description_in["de"]) for entry in sold.tiers.values()]
    pairs += [
        (source, german)
        for message in catalog
        if message.id
        for source, german in zip(
            message.id if isinstance(message.id, tuple | list) else (message.id,),
            forms(message),
            strict=True,
        )
    ]
    return [
        re.compile(PLACEHOLDER.sub(".+", re.escape(re.sub(r"<[^>]+>", "", source))))
        for source, german in pairs
        if source != german and re.search(r"[a-z]{3}", PLACEHOLDER.sub("", re.escape(source)))
    ]


def spoken(element: Element) -> Iterator[str]:
    """Yield every text that a person sees or hears; not what is quoted, or in another language."""
    if element.tag in {"script", "style"} or element.get("lang") not in {None, "de"}:
        return
    if element.get("class") == "changes":
        return
    yield element.text or ""
    yield from (element.get(name) or "" for name in READ_ALOUD)
    for child in element:
        yield from spoken(child)
        yield child.tail or ""


def left_in_english(page: PageClient) -> list[str]:
    texts = {" ".join(text.split()) for text in spoken(page.current.root)} - {""} - NAMES
    return sorted(text for text in texts if any(each.fullmatch(text) for each in english()))


def german(user: User) -> User:
    with transaction():
        user.locale, user.time_zone = "de", "Europe/Berlin"
    return user


@pytest.mark.parametrize("state", STATES)
def test_account_is_german_in_every_state(page: PageClient, state: str) -> None:
    states.catalog_at_stripe()
    states.log_in(page, german(STATES[state]()))

    page.open("/account")

    assert page.current.root.get("lang") == "de"
    assert left_in_english(page) == []


@pytest.mark.parametrize("state", ["subscribed", "three_weeks_in"])
def test_other_pages_are_german(page: PageClient, state: str) -> None:
    states.catalog_at_stripe()
    states.log_in(page, german(STATES[state]()))

    for address in OTHER_PAGES:
        page.open(address, status=404 if address == "/nowhere" else 200)

        assert (address, left_in_english(page)) == (address, [])


def test_admin_pages_are_german(page: PageClient) -> None:
    states.catalog_at_stripe()
    states.subscribed()
    states.log_in(page, german(factories.account("admin@example.test", is_admin=True)))

    for address in ADMIN_PAGES:
        page.open(address)

        assert (address, left_in_english(page)) == (address, [])


def test_amounts_and_dates_read_as_germans_write_them(page: PageClient) -> None:
    states.catalog_at_stripe()
    states.log_in(page, german(states.abroad()))

    page.open("/account")

    assert "49,00 $ im Monat" in page.current.main
    assert "31. Dezember 2026" in page.current.main
    assert re.search(r"In \d+ Tagen", page.open("/usage").main)


def test_stranger_signs_up_in_german_and_is_written_to_in_german(
    page: PageClient, client: FlaskClient, outbox: Outbox
) -> None:
    states.catalog_at_stripe()
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "de-DE,de;q=0.9,en;q=0.5"
    for address in ("/pricing", "/login", "/forgot-password", "/signup"):
        page.open(address)

        assert (address, left_in_english(page)) == (address, [])

    page.press("Konto anlegen", email="heidi@example.com", password="kurz", status=422)
    assert "Wählen Sie ein Passwort mit mindestens 12 Zeichen" in page.current.main

    page.press("Konto anlegen", password="ein Satz mit Wörtern", time_zone="Europe/Zurich")

    letter = outbox.last()
    assert letter.subject == "Willkommen bei Billhook: Bestätigen Sie Ihre E-Mail-Adresse"
    assert "Bestätigen Sie, dass das Ihre Adresse ist" in letter.text
    assert "Fragen? Schreiben Sie an" in letter.html
    assert '<html lang="de"' in letter.html
