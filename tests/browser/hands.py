"""How a person works a page: with a mouse, or with the keys alone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol

from playwright.sync_api import Locator, Page

MOST_STEPS = 80
HAS_FOCUS = "element => element === document.activeElement"
IN_ITS_GROUP = "element => element.name === document.activeElement.name"


class Hands(Protocol):
    """What both can do on the tab."""

    @property
    def tab(self) -> Page: ...

    def press(self, target: Locator) -> None:
        """Press a button, or follow a link, that leads to another page."""

    def write(self, target: Locator, text: str) -> None:
        """Write into a field, in place of what stands there."""

    def choose(self, target: Locator) -> None:
        """Choose one of several radio buttons."""

    def select(self, target: Locator, label: str) -> None:
        """Choose from a list that unfolds."""


@dataclass(frozen=True)
class Mouse:
    tab: Page

    def press(self, target: Locator) -> None:
        target.click()

    def write(self, target: Locator, text: str) -> None:
        target.fill(text)

    def choose(self, target: Locator) -> None:
        target.check()

    def select(self, target: Locator, label: str) -> None:
        target.select_option(label=label)


@dataclass(frozen=True)
class Keys:
    """Tab leads there, in the order of the page, or the test fails."""

    tab: Page

    def press(self, target: Locator) -> None:
        self._reach(target)
        with self.tab.expect_navigation():
            self.tab.keyboard.press("Enter")

    def write(self, target: Locator, text: str) -> None:
        self._reach(target)
        self.tab.keyboard.press("Control+A")
        self.tab.keyboard.type(text)

    def choose(self, target: Locator) -> None:
        # A group is one stop: from the chosen button, or from the first, the arrows lead on.
        self._reach(target, IN_ITS_GROUP)
        self.tab.keyboard.press("Space")
        for _ in range(MOST_STEPS):
            if target.is_checked():
                return
            self.tab.keyboard.press("ArrowDown")
        raise AssertionError(f"no arrow leads to {target}")

    def select(self, target: Locator, label: str) -> None:
        self._reach(target)
        self.tab.keyboard.type(label)

    def _reach(self, target: Locator, is_there: str = HAS_FOCUS) -> None:
        for _ in range(MOST_STEPS):
            if target.evaluate(is_there):
                return
            self.tab.keyboard.press("Tab")
        raise AssertionError(f"no way to {target} by keys")


def button(tab: Page, name: str | re.Pattern[str]) -> Locator:
    """Return the first button of the page's own part with that name."""
    return tab.get_by_role("main").get_by_role("button", name=name).first


def link(tab: Page, name: str | re.Pattern[str]) -> Locator:
    """Return the first link with that name."""
    return tab.get_by_role("link", name=name).first
