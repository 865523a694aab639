"""Takes the pictures of docs/screenshots: every page of a fresh `./dev run`, as its people see it.

    ./dev run                                             # in another terminal
    .venv/bin/python -m scripts.take_screenshots http://127.0.0.1:8000

Somebody new signs up on the way and buys Pro, to show the payment. The gallery,
docs/screenshots.md, is written anew.
"""

import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from billing.demo.people import PASSWORD, VISITORS

DOCS = Path(__file__).resolve().parents[1] / "docs"
DIRECTORY = DOCS / "screenshots"
CHROMIUM = "/usr/bin/chromium"
OPTIONS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")


@dataclass(frozen=True)
class View:
    """A window, and how much of a long page its picture shows."""

    name: str
    width: int
    most_height: int
    is_dark: bool

    def picture_of(self, page_name: str) -> Path:
        return DIRECTORY / f"{page_name}-{self.name}.png"


VIEWS = (View("1280-light", 1280, 820, is_dark=False), View("390-dark", 390, 800, is_dark=True))
STRANGER = {
    "pricing": "/pricing",
    "signup": "/signup?next=/pricing?tier%3Dpro",
    "login": "/login",
    "forgot-password": "/forgot-password",
    "not-found": "/nowhere",
    "api-reference": "/api/v1/docs",
    "style-guide": "/styleguide",
}
GERMAN = {"pricing-german": "/pricing"}
PEOPLE = {
    "demo@billhook.example": {"account-free": "/account"},
    "paula@billhook.example": {
        "account": "/account",
        "pricing-of-a-subscriber": "/pricing",
        "invoices": "/account/invoices",
        "change": "/account/change?tier=scale&interval=month",
        "downgrade": "/account/change?tier=starter&interval=month",
        "cancel": "/account/cancel",
        "usage": "/usage",
        "history": "/usage/transactions",
        "settings": "/account/settings",
        "api-keys": "/account/settings/keys",
        "devices": "/account/settings/devices",
        "two-step-login": "/account/settings/second-factor",
        "close": "/account/settings/close",
    },
    "otto@billhook.example": {"account-past-due": "/account"},
    "clara@billhook.example": {"account-ending": "/account"},
    "dora@billhook.example": {"account-scheduled": "/account", "usage-unlimited": "/usage"},
    "lena@billhook.example": {"account-ended": "/account"},
}
DESK = {
    "admin-overview": "/admin/",
    "admin-users": "/admin/users",
    "admin-user": "/admin/users/3",
    "admin-adjust-tokens": "/admin/users/3/adjust",
    "admin-subscriptions": "/admin/subscriptions",
    "admin-plans": "/admin/plans",
    "admin-plan": "/admin/plans/3",
    "admin-packages": "/admin/packages",
    "admin-transactions": "/admin/transactions",
    "admin-events": "/admin/events",
    "admin-host-webhooks": "/admin/host-webhooks",
    "admin-emails": "/admin/emails",
    "admin-audit-log": "/admin/audit-log",
}
PURCHASE = ("checkout", "checkout-declined", "checkout-success", "portal")
GALLERY = """# Screenshots

Every page, by `scripts/take_screenshots.py` from the demo of `./dev run`: at 1280 px in the light
theme, at 390 px in the dark one. Long pages are cut. `/styleguide` shows each component in each
state.
"""


def main(address: str) -> None:
    """Save a picture of each page in each view, and the gallery."""
    DIRECTORY.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(OPTIONS))
        for view in VIEWS:
            _take_all(browser, address, view)
        browser.close()
    _write_gallery()


def _take_all(browser: Browser, address: str, view: View) -> None:
    with _tab(browser, address, view) as tab:
        _take(tab, view, STRANGER)
        _buy(tab, view)
    with _tab(browser, address, view, locale="de-DE") as tab:
        _take(tab, view, GERMAN)
    logins = [(email, PASSWORD, pages) for email, pages in PEOPLE.items()]
    logins += [(each.email, each.password, DESK) for each in VISITORS if each.is_admin]
    for email, password, pages in logins:
        with _tab(browser, address, view) as tab:
            _log_in(tab, email, password)
            _take(tab, view, pages)


@contextmanager
def _tab(browser: Browser, address: str, view: View, locale: str = "en-US") -> Iterator[Page]:
    with browser.new_context(
        base_url=address,
        viewport={"width": view.width, "height": 800},
        color_scheme="dark" if view.is_dark else "light",
        locale=locale,
    ) as context:
        yield context.new_page()


def _take(tab: Page, view: View, pages: Mapping[str, str]) -> None:
    for name, path in pages.items():
        answer = tab.goto(path)
        if answer is None or not (answer.ok or name == "not-found"):
            raise SystemExit(f"{path} cannot be shown: {answer and answer.status}")
        _save(tab, view, name)


def _save(tab: Page, view: View, name: str) -> None:
    # Without the empty place that is kept for a scroll bar.
    width, height = tab.evaluate(
        "[document.documentElement.clientWidth, document.documentElement.scrollHeight]"
    )
    tab.screenshot(
        path=view.picture_of(name),
        full_page=True,
        clip={"x": 0, "y": 0, "width": width, "height": min(height, view.most_height)},
    )


def _buy(tab: Page, view: View) -> None:
    """Sign up and buy Pro, with a card that is declined and one that pays; see the portal."""
    tab.goto("/signup")
    tab.get_by_label("Email").fill(f"new-{view.width}@billhook.example")
    tab.get_by_label("Password", exact=True).fill(PASSWORD)
    _press(tab, "Create account")
    tab.goto("/pricing")
    _press(tab, "Choose Pro")
    _save(tab, view, "checkout")
    tab.get_by_label("Card is declined").check()
    _press(tab, re.compile("^Pay"))
    _save(tab, view, "checkout-declined")
    tab.get_by_label("Payment succeeds").check()
    tab.get_by_label("Security code").fill("123")
    _press(tab, re.compile("^Pay"))
    _save(tab, view, "checkout-success")
    tab.goto("/account")
    _press(tab, "Update payment method")
    _save(tab, view, "portal")


def _log_in(tab: Page, email: str, password: str) -> None:
    tab.goto("/login")
    tab.get_by_label("Email").fill(email)
    tab.get_by_label("Password", exact=True).fill(password)
    _press(tab, "Log in")


def _press(tab: Page, name: str | re.Pattern[str]) -> None:
    with tab.expect_navigation():
        tab.get_by_role("main").get_by_role("button", name=name).first.click()


def _write_gallery() -> None:
    groups = {
        "Signed out": [*STRANGER, *GERMAN],
        "Buying": PURCHASE,
        "Account": [name for pages in PEOPLE.values() for name in pages],
        "Admin": DESK,
    }
    parts = [GALLERY]
    for title, names in groups.items():
        parts.append(f"## {title}\n\n| page | 1280 px | 390 px |\n|---|---|---|")
        parts.extend(_row(name) for name in names)
        parts.append("")
    (DOCS / "screenshots.md").write_text("\n".join(parts))


def _row(name: str) -> str:
    words = name.replace("-", " ").replace("api ", "API ")
    pictures = (f"![{words}](screenshots/{name}-{view.name}.png)" for view in VIEWS)
    return f"| {words[0].upper()}{words[1:]} | {' | '.join(pictures)} |"


if __name__ == "__main__":
    main(*sys.argv[1:])
