"""Browsers by their own words: "Firefox on Windows", as far as a user agent can be believed."""

import re

from flask import Flask

from billing.web.language import _

# The first that is found counts: each of them also claims to be some of those after it.
BROWSERS = (
    ("Edge", re.compile(r"Edg(?:e|A|iOS)?/")),
    ("Opera", re.compile(r"OPR/")),
    ("Samsung Internet", re.compile(r"SamsungBrowser/")),
    ("Firefox", re.compile(r"(?:Firefox|FxiOS)/")),
    ("Chrome", re.compile(r"(?:Chrome|Chromium|CriOS|HeadlessChrome)/")),
    ("Safari", re.compile(r"Safari/")),
)
SYSTEMS = (
    ("iPhone", re.compile("iPhone")),
    ("iPad", re.compile("iPad")),
    ("Android", re.compile("Android")),
    ("ChromeOS", re.compile("CrOS")),
    ("Windows", re.compile("Windows")),
    ("macOS", re.compile("Mac OS X|Macintosh")),
    ("Linux", re.compile("Linux")),
)


def init_app(app: Flask) -> None:
    """Give the templates the filter."""
    app.jinja_env.filters["browser_name"] = browser_name


def browser_name(user_agent: str) -> str:
    """Return the names of the browser and of the system, as far as they are known."""
    browser, system = _find(BROWSERS, user_agent), _find(SYSTEMS, user_agent)
    if browser and system:
        return _("%(browser)s on %(system)s", browser=browser, system=system)
    return browser or system or _("Unknown browser")


def _find(names: tuple[tuple[str, re.Pattern[str]], ...], user_agent: str) -> str | None:
    return next((name for name, pattern in names if pattern.search(user_agent)), None)
