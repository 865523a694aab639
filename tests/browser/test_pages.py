"""Every page and state in Chromium: accessible, in its frame, and never wider than the screen."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

import pytest
import time_machine
from axe_playwright_python.base import AXE_SCRIPT
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from billing import clock
from billing.database import transaction
from billing.domain.interval import Interval
from billing.domain.statuses import EventState, OrderKind, OrderState
from billing.models import User
from billing.services import accounts, host_events
from billing.settings import Settings
from tests import factories, states
from tests.browser.faults import COLOURS, EVERY_RULE, Rules, scrolls_sideways, violations
from tests.web.admin.test_events import add_events
from tests.web.test_errors import let_fail

pytestmark = [pytest.mark.slow, pytest.mark.one_database]

Theme = Literal["light", "dark"]
# A theme changes colours only: each width needs every rule in one of the two.
VIEWS: dict[int, dict[Theme, Rules]] = {
    1280: {"light": EVERY_RULE, "dark": COLOURS},
    390: {"dark": EVERY_RULE, "light": COLOURS},
}
NOWHERE = "/nowhere"
NO_SUCH_FILTER = "/usage/transactions?type=gift&from=yesterday"
USED_LINK = "/reset-password/used"
REFUSALS = {
    NOWHERE: 404,
    NO_SUCH_FILTER: 422,
    USED_LINK: 400,
    "/fail/refused": 402,
    "/fail/forbidden": 403,
    "/fail/limited": 429,
    "/fail/mistake": 500,
    "/fail/stripe": 503,
    "/fail/database": 503,
}
STRANGERS_PAGES = [
    "/pricing",
    "/pricing?interval=year&tier=starter",
    "/signup",
    "/signup?next=/pricing?tier%3Dpro",
    "/login",
    "/forgot-password",
    "/checkout/success?session_id=cs_test_1",
    USED_LINK,
    NOWHERE,
    *(path for path in REFUSALS if path.startswith("/fail/")),
]


def scale_by_the_year() -> User:
    return states.subscribed("scale", interval=Interval.YEAR)


def at_the_desk() -> User:
    user = states.free()
    accounts.send_verification(user)
    host_events.emit(user.id, "tokens.granted", {"tokens": 5})
    add_events(1, EventState.FAILED)
    return factories.account("admin@example.test", is_admin=True)


PEOPLE: dict[Callable[[], User], list[str]] = {
    states.free: ["/pricing", "/pricing?tier=pro", "/account", "/usage", "/usage/transactions"],
    states.busy: [
        "/pricing",
        "/account",
        "/account/invoices",
        "/account/settings",
        "/account/settings/email",
        "/account/settings/password",
        "/account/settings/second-factor",
        "/account/settings/devices",
        "/usage",
        "/usage/transactions",
        "/styleguide",
    ],
    states.ending: ["/account", "/pricing"],
    states.trialing: ["/account"],
    states.downgrading: ["/account", "/pricing"],
    states.bank_asks: ["/account"],
    states.ended: ["/account"],
    states.paused: ["/account"],
    states.card_expiring: ["/account"],
    states.past_due: ["/account", "/pricing", "/account/cancel"],
    states.waiting: ["/account"],
    states.used_up: [
        "/account",
        "/account/invoices?status=void",
        "/usage",
        "/usage/refusals",
        NO_SUCH_FILTER,
        "/usage/transactions?type=grant",
    ],
    states.on_tokens: ["/account", "/usage"],
    states.three_weeks_in: ["/account", "/usage"],
    states.abroad: ["/account", "/usage"],
    scale_by_the_year: ["/account", "/usage"],
    # The second person is `busy`, the third `ending`.
    at_the_desk: [
        "/admin/",
        "/admin/plans",
        "/admin/plans/3",
        "/admin/plans/3/edit",
        "/admin/plans/3/migrate",
        "/admin/plans/3/archive",
        "/admin/packages",
        "/admin/packages/1",
        "/admin/packages/new",
        "/admin/events",
        "/admin/events/1",
        "/admin/events/1/ignore",
        "/admin/events/selected?action=replay&id=1",
        "/admin/host-webhooks",
        "/admin/host-webhooks/1",
        "/admin/emails",
        "/admin/emails/1",
        "/admin/audit-log",
        "/admin/users",
        "/admin/users?tier=pro&size=50&sort=email",
        "/admin/users?q=nobody",
        "/admin/users/2",
        "/admin/users/2/history",
        "/admin/users/2/adjust",
        "/admin/users/1/complimentary",
        "/admin/users/2/cancel",
        "/admin/users/3/resume",
        "/admin/users/2/disable",
        "/admin/users/2/act",
        "/admin/users/selected?action=disable&id=1&id=3",
        "/admin/invoices/1/refund",
        "/admin/subscriptions",
        "/admin/subscriptions/3",
        "/admin/transactions",
        "/admin/confirm-password",
    ],
}


@dataclass(frozen=True)
class Visit:
    """A person, none for a stranger, and what they look at."""

    email: str | None
    paths: list[str]

    @property
    def is_at_the_desk(self) -> bool:
        return self.paths[0].startswith("/admin")


@pytest.fixture
def visits(live_app: Flask) -> list[Visit]:
    let_fail(live_app)
    states.catalog_at_stripe()
    visits = [Visit(None, STRANGERS_PAGES)]
    for make, paths in PEOPLE.items():
        visits.append(Visit(make().email, paths))
    buyer = states.subscribed()
    return [*visits, Visit(buyer.email, list(_return_pages(buyer)))]


def _return_pages(user: User) -> Iterator[str]:
    yield "/checkout/cancel?tier=pro&interval=month"
    for kind in OrderKind:
        for state in (OrderState.PAID, OrderState.PROCESSING, OrderState.FAILED):
            order = states.order(user, kind, state)
            yield f"/checkout/success?session_id={order.stripe_session_id}"


def _log_in(tab: Page, email: str) -> None:
    tab.goto("/login")
    tab.get_by_label("Email").fill(email)
    tab.get_by_label("Password", exact=True).fill(factories.PASSWORD)
    tab.get_by_role("main").get_by_role("button", name="Log in", exact=True).click()
    tab.wait_for_url("**/account")


def _faults(tab: Page, views: dict[int, dict[Theme, Rules]] = VIEWS) -> Iterator[str]:
    for width, themes in views.items():
        tab.set_viewport_size({"width": width, "height": 800})
        for theme, rules in themes.items():
            tab.emulate_media(color_scheme=theme)
            yield from (f"{width} px, {theme}: {report}" for report in violations(tab, rules))
    tab.set_viewport_size({"width": 320, "height": 800})
    if scrolls_sideways(tab):
        yield "scrolls sideways at 320 px"
    tab.set_viewport_size({"width": 1280, "height": 800})
    tab.evaluate("document.documentElement.style.fontSize = '200%'")
    if scrolls_sideways(tab):
        yield "scrolls sideways at 200 % text"


def _walk(visits: list[Visit], browser: Browser, settings: Settings) -> dict[str, list[str]]:
    """Return what is wrong with each page that anything is wrong with."""
    found: dict[str, list[str]] = {}
    # One tab for everybody: it has axe and the styles compiled. Without motion a page is in its
    # other theme's colours at once.
    with browser.new_context(base_url=settings.base_url, reduced_motion="reduce") as context:
        context.add_init_script(AXE_SCRIPT)
        tab = context.new_page()
        for visit in visits:
            context.clear_cookies()
            if visit.email:
                _log_in(tab, visit.email)
            for path in visit.paths:
                answer = tab.goto(path)
                assert answer
                assert answer.status == REFUSALS.get(path, 200), path
                found[f"{path} of {visit.email}"] = list(_faults(tab))
    return {page: faults for page, faults in found.items() if faults}


@pytest.mark.postgresql
def test_every_page_of_the_desk_is_accessible(
    visits: list[Visit], browser: Browser, settings: Settings
) -> None:
    assert _walk([visit for visit in visits if visit.is_at_the_desk], browser, settings) == {}


@pytest.mark.postgresql
def test_every_other_page_is_accessible(
    visits: list[Visit], browser: Browser, settings: Settings
) -> None:
    assert _walk([visit for visit in visits if not visit.is_at_the_desk], browser, settings) == {}


# At the desk: what is typed by the names of the fields, and how the heading of the answer begins.
ANSWERED: dict[str, tuple[dict[str, str], str]] = {
    "/admin/users/2/adjust": ({"tokens": "500000", "reason": "A gift"}, "Give 500,000 tokens"),
    "/admin/users/1/adjust": ({"tokens": "many", "reason": "A gift"}, "Adjust the tokens"),
    "/admin/invoices/1/refund": ({"amount": "1.00", "reason": "A gift"}, "Refund $1.00"),
    "/admin/packages/1/edit": ({"price": "6.00"}, "Save "),
    "/admin/plans/3/edit": ({"price_month": "50.00"}, "Save version 2"),
    "/admin/confirm-password": ({"password": "not-the-password"}, "Enter your password"),
}


@pytest.mark.usefixtures("live_app")
def test_every_page_that_answers_a_form_is_accessible(browser: Browser, settings: Settings) -> None:
    found: dict[str, list[str]] = {}
    states.catalog_at_stripe()
    states.free()
    states.busy()
    admin = at_the_desk()
    with browser.new_context(base_url=settings.base_url, reduced_motion="reduce") as context:
        tab = context.new_page()
        tab.goto("/login")
        tab.evaluate("document.querySelector('[name=csrf_token]').value = 'of another time'")
        tab.get_by_role("main").get_by_role("button", name="Log in", exact=True).click()
        expect(tab.get_by_role("heading", level=1)).to_have_text("This page was open too long")
        found["/login, too old"] = list(_faults(tab))
        _log_in(tab, admin.email)
        for path, (typed, heading) in ANSWERED.items():
            tab.goto(path)
            form = tab.locator("main form[method=post]").last
            for name, value in typed.items():
                form.locator(f"[name={name}]").fill(value)
            form.locator("[type=submit], button:not([type])").last.click()
            expect(tab.get_by_role("heading", level=1)).to_contain_text(heading)
            found[path] = list(_faults(tab))

    assert {page: faults for page, faults in found.items() if faults} == {}


@pytest.mark.usefixtures("live_app")
def test_reference_of_the_api_is_accessible(browser_page: Page) -> None:
    browser_page.goto("/api/v1/docs")

    # The longest page by far: one view of it is enough for its own markup.
    faults = list(_faults(browser_page, {390: {"light": EVERY_RULE}}))

    assert faults == []


@pytest.mark.usefixtures("live_app")
class TestEnhancements:
    def test_prices_switch_without_javascript_and_nothing_moves(self, plain_page: Page) -> None:
        states.catalog_at_stripe()
        plain_page.goto("/pricing")
        button = plain_page.get_by_role("link", name="Choose Pro")
        before = button.bounding_box()

        plain_page.get_by_label("Yearly").check()

        assert plain_page.get_by_text("$490 billed once a year").is_visible()
        assert not plain_page.get_by_text("$49", exact=True).is_visible()
        assert button.bounding_box() == before

    def test_keyboard_meets_the_skip_link_first(self, browser_page: Page) -> None:
        states.catalog_at_stripe()
        browser_page.goto("/pricing")

        browser_page.keyboard.press("Tab")
        first = browser_page.evaluate("document.activeElement.textContent")
        browser_page.keyboard.press("Enter")

        assert first == "Skip to main content"
        assert browser_page.evaluate("document.activeElement.id") == "main"

    def test_password_is_shown_on_request(self, browser_page: Page) -> None:
        states.catalog_at_stripe()
        browser_page.goto("/signup")
        password = browser_page.get_by_label("Password", exact=True)

        browser_page.get_by_role("button", name="Show password").click()
        shown = password.get_attribute("type")
        browser_page.get_by_role("button", name="Hide password").click()

        assert (shown, password.get_attribute("type")) == ("text", "password")

    def test_account_menu_closes_on_escape(self, browser_page: Page) -> None:
        states.catalog_at_stripe()
        _log_in(browser_page, states.free().email)
        browser_page.locator("summary", has_text="Account menu").click()
        log_out = browser_page.get_by_role("button", name="Log out")
        assert log_out.is_visible()

        browser_page.keyboard.press("Escape")

        assert not log_out.is_visible()

    def test_confirming_page_goes_on_by_itself(self, browser_page: Page) -> None:
        states.catalog_at_stripe()
        user = states.subscribed()
        order = states.order(user, OrderKind.SUBSCRIPTION, OrderState.PROCESSING)
        _log_in(browser_page, user.email)
        browser_page.clock.install()
        browser_page.goto(f"/checkout/success?session_id={order.stripe_session_id}")
        heading = browser_page.get_by_role("heading", level=1)
        expect(heading).to_have_text("Confirming your payment")
        with time_machine.travel(clock.now() + timedelta(minutes=2)):
            browser_page.clock.fast_forward("02:00")
            expect(heading).to_have_text("This is taking longer than usual")

        with transaction():
            order.state, order.paid_at = OrderState.PAID, clock.now()

        expect(heading).to_have_text("You are on Pro", timeout=10_000)

    def test_chart_is_read_by_keys(self, browser_page: Page) -> None:
        states.catalog_at_stripe()
        user = states.three_weeks_in()
        _log_in(browser_page, user.email)
        browser_page.goto("/usage")
        reader = browser_page.get_by_role("slider", name="AI requests by day: day")

        reader.focus()
        reader.press("Home")

        expect(reader).to_have_attribute("aria-valuetext", re.compile("AI chat: 90, .*Total: 195"))
        expect(browser_page.locator(".chart__tip:not([hidden])")).to_contain_text("Total: 195")

    def test_second_submit_of_a_form_is_ignored(self, browser_page: Page) -> None:
        states.catalog_at_stripe()
        sent: list[str] = []
        browser_page.goto("/login")
        browser_page.on("request", lambda request: sent.append(request.method))
        browser_page.get_by_label("Email").fill("nobody@example.test")
        browser_page.get_by_label("Password", exact=True).fill(factories.PASSWORD)

        browser_page.get_by_role("main").get_by_role("button", name="Log in", exact=True).dblclick()

        expect(browser_page.get_by_role("alert")).to_be_visible()
        assert sent.count("POST") == 1
