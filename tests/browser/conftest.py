"""Chromium for the journeys: one browser a worker, a fresh profile a test, nothing from outside."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Response, sync_playwright

from billing.settings import Settings

CHROMIUM = Path("/usr/bin/chromium")
OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Long enough for two busy cores; a page that needs it is slow all the same.
TIMEOUT_MILLISECONDS = 15_000


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    assert CHROMIUM.exists(), f"{CHROMIUM} is missing: ./dev test installs it"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=OPTIONS)
        yield browser
        browser.close()


@pytest.fixture
def browser_page(browser: Browser, settings: Settings) -> Iterator[Page]:
    """A tab whose script errors and refused (CSP) resources fail the test."""
    yield from _tab(browser, settings, javascript=True)


@pytest.fixture
def plain_page(browser: Browser, settings: Settings) -> Iterator[Page]:
    """A tab with JavaScript switched off."""
    yield from _tab(browser, settings, javascript=False)


def _tab(browser: Browser, settings: Settings, *, javascript: bool) -> Iterator[Page]:
    context = browser.new_context(base_url=settings.base_url, java_script_enabled=javascript)
    context.set_default_timeout(TIMEOUT_MILLISECONDS)
    tab = context.new_page()
    complaints: list[str] = []

    def read_console(line: ConsoleMessage) -> None:
        # A form that is refused with 422 is also "a failed resource"; `read_response` knows better.
        if line.type == "error" and not line.text.startswith("Failed to load resource"):
            complaints.append(line.text)

    def read_response(response: Response) -> None:
        if response.status >= 400 and response.request.resource_type != "document":
            complaints.append(f"{response.status} {response.url}")

    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.on("console", read_console)
    tab.on("response", read_response)
    yield tab
    context.close()

    assert complaints == []
