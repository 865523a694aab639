"""A person at a browser without JavaScript: opens pages, reads them, presses buttons.

Every page that is met on the way is checked by `markup.faults`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit
from xml.etree.ElementTree import Element

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from billing.web.login import TOKEN_KEY
from tests.markup import faults, parse, text_of

MAX_REDIRECTS = 5


@dataclass(frozen=True)
class Page:
    """What one address answered."""

    url: str
    status: int
    html: str

    @cached_property
    def root(self) -> Element:
        return parse(self.html)

    @property
    def path(self) -> str:
        return urlsplit(self.url).path

    @property
    def h1(self) -> str:
        return text_of(self.root.find(".//h1"))

    @property
    def text(self) -> str:
        """Everything in the body that can be read, white space collapsed."""
        return text_of(self.root.find("body"))

    @property
    def main(self) -> str:
        """What can be read in the main landmark only."""
        return text_of(self.root.find(".//main"))

    @property
    def buttons(self) -> list[str]:
        return [_name(button) for _form, button in self._buttons()]

    @property
    def links(self) -> dict[str, str]:
        """Each link's text and where it leads."""
        return {_name(link): link.get("href", "") for link in self.root.iter("a")}

    def all(self, tag: str, css_class: str | None = None) -> list[Element]:
        """Return the elements of that tag, and of that class if one is given."""
        return [
            element
            for element in self.root.iter(tag)
            if css_class is None or css_class in (element.get("class") or "").split()
        ]

    def find_form(self, button: str, action: str | None) -> tuple[Element, Element]:
        """Return the one form, and in it the one button, with that name (and that action)."""
        found = [
            (form, element)
            for form, element in self._buttons()
            if _name(element) == button and action in {None, form.get("action")}
        ]
        assert len(found) == 1, f"{len(found)} buttons {button!r} on {self.url}: {self.buttons}"
        return found[0]

    def _buttons(self) -> Iterator[tuple[Element, Element]]:
        for form in self.root.iter("form"):
            for element in form.iter():
                is_input = element.tag == "input" and element.get("type") in {"submit", "image"}
                is_button = element.tag == "button" and element.get("type", "submit") == "submit"
                if is_button or is_input:
                    yield form, element


class OriginClient(FlaskClient):
    """A client that asks for the app at its own address instead of at `localhost`."""

    def __init__(self, *args: Any, origin: str = "http://localhost", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._origin = origin

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        kwargs.setdefault("base_url", self._origin)
        # A context of its own: inside the test's one, `g` would carry the user to the next request.
        with self.application.app_context():
            return super().open(*args, **kwargs)


class PageClient:
    """Keeps the current page and its cookies, as a browser's tab does."""

    def __init__(self, client: FlaskClient, base_url: str) -> None:
        self._client = client
        self._base_url = base_url
        self._current: Page | None = None

    @property
    def current(self) -> Page:
        assert self._current is not None, "no page was opened yet"
        return self._current

    def take_session(self, token: str) -> None:
        """Be the browser of whoever has that session, as after logging in."""
        with self._client.session_transaction(base_url=self._base_url) as cookie:
            cookie.clear()
            cookie[TOKEN_KEY] = token

    def open(self, address: str, *, status: int = 200) -> Page:
        """Go to the address, through redirects of our own, and expect that status."""
        return self._arrive(self._request("GET", address), status)

    def back(self, page: Page) -> None:
        """Go back to a page that was open before, as it was then."""
        self._current = page

    def follow(self, link: str, *, status: int = 200) -> Page:
        """Follow the link with that text."""
        links = self.current.links
        assert link in links, f"no link {link!r} on {self.current.url}: {sorted(links)}"
        return self.open(urljoin(self.current.url, links[link]), status=status)

    def press(
        self, button: str, *, action: str | None = None, status: int = 200, **fields: str
    ) -> Page:
        """Fill the fields, by name, and press the button; `action` tells equal buttons apart."""
        return self._arrive(self._submit(button, action, fields), status)

    def leave(self, button: str, *, action: str | None = None, **fields: str) -> str:
        """Press a button that leads to another site, and return the address there."""
        response = self._submit(button, action, fields)
        assert response.status_code == 303, f"{response.status_code} instead of 303"
        address = response.location or ""
        assert not self._is_ours(address), f"stayed here: {address}"
        return address

    def _submit(self, button: str, action: str | None, fields: dict[str, str]) -> TestResponse:
        form, pressed = self.current.find_form(button, action)
        values: dict[str, list[str]] = {}
        for name, value in _values(form):
            values.setdefault(name, []).append(value)
        strangers = fields.keys() - _field_names(form)
        assert not strangers, f"the form has no field {sorted(strangers)}"
        values.update({name: [value] for name, value in fields.items()})
        if pressed.get("name"):
            values[pressed.get("name", "")] = [pressed.get("value", "")]
        target = urljoin(self.current.url, form.get("action"))
        if form.get("method", "get").lower() == "get":
            return self._request(
                "GET", f"{target.partition('?')[0]}?{urlencode(values, doseq=True)}"
            )
        return self._request("POST", target, values)

    def _request(
        self, method: str, address: str, data: dict[str, list[str]] | None = None
    ) -> TestResponse:
        url = urljoin(self._current.url if self._current else f"{self._base_url}/", address)
        assert self._is_ours(url), f"{url} is another site"
        headers = {"Origin": self._base_url} if method == "POST" else {}
        if self._current is not None:
            headers["Referer"] = self._current.url
        path = url.removeprefix(self._base_url)
        return self._client.open(path, method=method, data=data, headers=headers)

    def _arrive(self, response: TestResponse, status: int) -> Page:
        for _ in range(MAX_REDIRECTS):
            if response.status_code not in {301, 302, 303, 307, 308}:
                break
            address = response.location or ""
            assert self._is_ours(address), f"left for {address}"
            response = self._request("GET", address)
        page = Page(response.request.url, response.status_code, response.get_data(as_text=True))
        assert page.status == status, f"{page.url} answered {page.status}: {page.main}"
        if response.mimetype == "text/html":
            assert faults(page.html) == [], f"faults on {page.url}"
        self._current = page
        return page

    def _is_ours(self, address: str) -> bool:
        url = urljoin(f"{self._base_url}/", address)
        return url.startswith(f"{self._base_url}/")


def _name(element: Element) -> str:
    return element.get("aria-label") or text_of(element) or element.get("value") or ""


def _field_names(form: Element) -> set[str]:
    return {element.get("name", "") for element in form.iter()} - {""}


def _values(form: Element) -> Iterator[tuple[str, str]]:
    """Yield what the form would send if it were left as it is."""
    for element in form.iter():
        name = element.get("name")
        if not name or element.get("disabled") is not None:
            continue
        if element.tag == "textarea":
            yield name, text_of(element)
        elif element.tag == "select":
            options = list(element.iter("option"))
            chosen = [option for option in options if option.get("selected") is not None]
            for option in chosen or options[:1]:
                yield name, option.get("value", text_of(option))
        elif element.tag == "input":
            kind = element.get("type", "text")
            is_choice = kind in {"checkbox", "radio"}
            if kind == "submit" or (is_choice and element.get("checked") is None):
                continue
            yield name, element.get("value", "on" if is_choice else "")
