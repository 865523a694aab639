"""What must hold of every page, whatever it is about: `faults(html)` names each breach."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from xml.etree.ElementTree import Element

import html5lib

UNLABELLED_TYPES = {"hidden", "submit", "button", "reset", "image"}
REFERENCES = ("aria-describedby", "aria-labelledby", "aria-controls", "aria-owns")


def parse(html: str) -> Element:
    """Return the root element of the page as a browser would see it."""
    root, _errors = _parsed(html)
    return root


def text_of(element: Element | None) -> str:
    """Return the element's text with its white space collapsed."""
    return " ".join("".join(element.itertext()).split()) if element is not None else ""


def faults(html: str) -> list[str]:
    """Return what is wrong with the page, in words."""
    root, errors = _parsed(html)
    found = [f"invalid HTML at {position}: {code}" for position, code, _ in errors]
    for rule in (_heading, _landmarks, _ids, _labels, _forms, _inline_code, _names):
        found.extend(rule(root))
    return found


# A page is judged where it arrives, and read next.
@lru_cache(maxsize=2)
def _parsed(html: str) -> tuple[Element, list[tuple[object, str, object]]]:
    builder = html5lib.getTreeBuilder("etree")
    parser = html5lib.HTMLParser(builder, namespaceHTMLElements=False)
    return parser.parse(html), parser.errors


def _heading(root: Element) -> Iterator[str]:
    headings = [text_of(heading) for heading in root.iter("h1")]
    if len(headings) != 1:
        yield f"{len(headings)} h1 elements instead of one"
    title = text_of(root.find(".//head/title"))
    # A form that was refused says so first: what a screen reader announces is the title.
    named = title.removeprefix("Error: ").removeprefix("Fehler: ")
    if headings and not named.startswith(headings[0]):
        yield f"the title {title!r} does not begin with the h1 {headings[0]!r}"


def _landmarks(root: Element) -> Iterator[str]:
    if not root.get("lang"):
        yield "html has no lang"
    if len(list(root.iter("main"))) != 1:
        yield "not exactly one main landmark"


def _ids(root: Element) -> Iterator[str]:
    ids = Counter(element.get("id") for element in root.iter() if element.get("id") is not None)
    for name, count in ids.items():
        if count > 1 or not name:
            yield f"the id {name!r} occurs {count} times"
    for element in root.iter():
        for attribute in REFERENCES:
            for name in (element.get(attribute) or "").split():
                if name not in ids:
                    yield f"{attribute} names the missing id {name!r}"
        target = element.get("href") or ""
        if target.startswith("#") and target[1:] not in ids:
            yield f"a link leads to the missing {target}"


def _labels(root: Element) -> Iterator[str]:
    labelled = {label.get("for") for label in root.iter("label")}
    wrapped = {field for label in root.iter("label") for field in label.iter()}
    for kind in ("input", "select", "textarea"):
        for field in root.iter(kind):
            if (field.get("type") or "text") in UNLABELLED_TYPES and kind == "input":
                continue
            named = field.get("aria-label") or field.get("aria-labelledby")
            if not (named or field in wrapped or field.get("id") in labelled - {None}):
                yield f"{kind} {field.get('name')!r} has no label"


def _forms(root: Element) -> Iterator[str]:
    for form in root.iter("form"):
        method = (form.get("method") or "").lower()
        if not form.get("action"):
            yield "a form has no action"
        if method not in {"get", "post"}:
            yield f"the form to {form.get('action')} has no method"
        has_token = any(field.get("name") == "csrf_token" for field in form.iter("input"))
        if (method == "post") != has_token:
            yield f"the {method} form to {form.get('action')}: csrf_token is {has_token}"


def _inline_code(root: Element) -> Iterator[str]:
    for element in root.iter():
        if element.tag == "style" or (element.tag == "script" and not element.get("src")):
            yield f"inline {element.tag}"
        for attribute, value in element.items():
            is_handler = attribute.startswith("on")
            if attribute == "style" or is_handler or value.strip().startswith("javascript:"):
                yield f"inline code in {element.tag} {attribute}"


def _names(root: Element) -> Iterator[str]:
    for image in root.iter("img"):
        if image.get("alt") is None:
            yield f"the image {image.get('src')} has no alt"
    for kind in ("a", "button"):
        for element in root.iter(kind):
            pictures = " ".join(image.get("alt") or "" for image in element.iter("img"))
            if not (text_of(element) or element.get("aria-label") or pictures.strip()):
                yield f"a {kind} has no name ({element.get('href') or element.get('class')})"
