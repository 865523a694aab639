"""The first view of a page: few requests, all of them ours, and nothing moves while they arrive."""

from __future__ import annotations

import pytest
from flask import Flask
from playwright.sync_api import Browser, Route, StorageState

from billing.settings import Settings
from tests import factories, states

pytestmark = [pytest.mark.slow, pytest.mark.one_database]

PATHS = ["/pricing", "/account", "/usage", "/account/settings", "/account/settings/keys"]
# The document, the style, the script and the font.
REQUESTS = 4
PAINTED = """
new Promise((painted) => new PerformanceObserver(painted)
  .observe({ type: "paint", buffered: true }))
"""
WATCH_SHIFTS = """
window.shifts = [];
new PerformanceObserver((list) => window.shifts.push(...list.getEntries().map((e) => e.value)))
  .observe({ type: "layout-shift", buffered: true });
"""


def test_nothing_moves_and_four_files_are_enough(
    live_app: Flask, browser: Browser, settings: Settings
) -> None:
    states.catalog_at_stripe()
    logged_in = _log_in(browser, settings, states.three_weeks_in().email)
    found = {path: _look(browser, settings, path, logged_in) for path in PATHS}

    assert found == dict.fromkeys(PATHS, (REQUESTS, 0))


def _log_in(browser: Browser, settings: Settings, email: str) -> StorageState:
    with browser.new_context(base_url=settings.base_url) as context:
        tab = context.new_page()
        tab.goto("/login")
        tab.get_by_label("Email").fill(email)
        tab.get_by_label("Password", exact=True).fill(factories.PASSWORD)
        tab.get_by_role("main").get_by_role("button", name="Log in", exact=True).click()
        tab.wait_for_url("**/account")
        return context.storage_state()


def _look(
    browser: Browser, settings: Settings, path: str, logged_in: StorageState
) -> tuple[int, float]:
    """Return how many requests the page took in a fresh profile, and how far things moved.

    The font arrives when the page is already painted: the slowest line there is.
    """
    asked: list[str] = []
    with browser.new_context(
        base_url=settings.base_url,
        viewport={"width": 390, "height": 800},
        storage_state=logged_in,
    ) as context:
        context.add_init_script(WATCH_SHIFTS)
        tab = context.new_page()
        tab.on("request", lambda request: asked.append(request.url))
        fonts: list[Route] = []
        tab.route("**/*.woff2", lambda font: fonts.append(font))
        tab.goto(path, wait_until="domcontentloaded")
        tab.evaluate(PAINTED)
        for font in fonts:
            font.continue_()
        tab.wait_for_load_state("networkidle")
        shifted: float = tab.evaluate("window.shifts.reduce((sum, shift) => sum + shift, 0)")
    return len([url for url in asked if not url.startswith("data:")]), shifted
