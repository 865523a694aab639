"""What axe and the narrowest screen have against the page that is open."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

SCROLLS_SIDEWAYS = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


class Faults:
    """Collects them page by page, at 320 pixels; without scripts nobody looks."""

    def __init__(self, tab: Page, *, runs_scripts: bool = True) -> None:
        self.tab, self.runs_scripts = tab, runs_scripts
        self.found: list[str] = []
        tab.set_viewport_size({"width": 320, "height": 800})

    def look(self, where: str) -> None:
        if not self.runs_scripts:
            return
        result = Axe().run(self.tab)
        if result.violations_count:
            self.found.append(f"{where}: {result.generate_report()}")
        if self.tab.evaluate(SCROLLS_SIDEWAYS):
            self.found.append(f"{where} scrolls")
