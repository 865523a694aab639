"""A buyer's browser without script: opens pages, fills in forms, presses buttons."""

import http.client
from dataclasses import dataclass
from urllib.parse import urlencode, urljoin, urlsplit
from xml.etree.ElementTree import Element

from tests.markup import faults, parse, text_of


@dataclass(frozen=True)
class Answer:
    """One response; `location` is where it leads, if it does."""

    url: str
    status: int
    headers: dict[str, str]
    html: str

    @property
    def location(self) -> str:
        return self.headers.get("location", "")

    @property
    def root(self) -> Element:
        return parse(self.html)

    @property
    def h1(self) -> str:
        return text_of(self.root.find(".//h1"))

    @property
    def text(self) -> str:
        return text_of(self.root.find(".//body"))

    def values(self) -> dict[str, str]:
        """What each field of the page's forms holds."""
        return dict(pair for form in self.root.iter("form") for pair in _values(form))


def visit(url: str, *, data: dict[str, str] | None = None, **headers: str) -> Answer:
    """GET the page, or POST a form; redirects are shown, not followed."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=30)
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    body = None if data is None else urlencode(data)
    sent = {} if data is None else {"Content-Type": "application/x-www-form-urlencoded"}
    connection.request("GET" if data is None else "POST", path, body, sent | headers)
    response = connection.getresponse()
    # A PDF is not text; a page that is broken so would have no known letters in these places.
    html = response.read().decode(errors="replace")
    received = {name.lower(): value for name, value in response.getheaders()}
    connection.close()
    return Answer(url, response.status, received, html)


def open_page(url: str) -> Answer:
    """GET a page that must be well made."""
    answer = visit(url)
    assert page_faults(answer) == []
    return answer


def page_faults(answer: Answer) -> list[str]:
    """What is wrong with a page. The sandbox's forms carry no CSRF token: there are no logins."""
    html = answer.html.replace("<title>Error: ", "<title>")
    return [fault for fault in faults(html) if not fault.endswith("csrf_token is False")]


def press(page: Answer, button: str, **fields: str) -> Answer:
    """Submit the form that the button stands in, with these fields changed."""
    for form in page.root.iter("form"):
        for element in form.iter("button"):
            if text_of(element) == button:
                chosen = {element.get("name", ""): element.get("value", "")}
                own = {name: value for name, value in chosen.items() if name}
                action = urljoin(page.url, form.get("action") or page.url)
                return visit(action, data=dict(_values(form)) | fields | own)
    raise AssertionError(f"no button {button!r} on {page.url}")


def _values(form: Element) -> list[tuple[str, str]]:
    found = []
    for element in form.iter("input"):
        is_choice = element.get("type") in ("radio", "checkbox")
        if element.get("name") and (not is_choice or element.get("checked") is not None):
            found.append((element.get("name", ""), element.get("value", "on")))
    for select in form.iter("select"):
        options = list(select.iter("option"))
        chosen = [option for option in options if option.get("selected") is not None]
        found.append((select.get("name", ""), (chosen or options)[0].get("value", "")))
    return found
