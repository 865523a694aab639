"""What axe and the narrowest screen have against the page that is open."""

from __future__ import annotations

from axe_playwright_python.base import AXE_SCRIPT, AxeResults
from playwright.sync_api import Page

Rules = dict[str, list[str]]
EVERY_RULE: Rules = {"resultTypes": ["violations"]}
COLOURS = EVERY_RULE | {"runOnly": ["color-contrast", "link-in-text-block"]}
SCROLLS_SIDEWAYS = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
# What passed is the long part of the answer, and nobody reads it.
RUN = "rules => axe.run(rules).then(({ violations }) => ({ violations }))"


def violations(tab: Page, rules: Rules = EVERY_RULE) -> list[str]:
    """Return axe's report on the page, or nothing where it finds nothing."""
    if not tab.evaluate("'axe' in window"):
        tab.evaluate(AXE_SCRIPT)
    results = AxeResults(tab.evaluate(RUN, rules))
    return [results.generate_report()] if results.violations_count else []


def scrolls_sideways(tab: Page) -> bool:
    """Return whether the page is wider than its window."""
    return bool(tab.evaluate(SCROLLS_SIDEWAYS))


class Faults:
    """Collects them page by page, at 320 pixels; without scripts nobody looks."""

    def __init__(self, tab: Page, *, runs_scripts: bool = True) -> None:
        self.tab, self.runs_scripts = tab, runs_scripts
        self.found: list[str] = []
        tab.set_viewport_size({"width": 320, "height": 800})

    def look(self, where: str) -> None:
        if not self.runs_scripts:
            return
        self.found += [f"{where}: {report}" for report in violations(self.tab)]
        if scrolls_sideways(self.tab):
            self.found.append(f"{where} scrolls")
