"""Templates hold no code of their own, trust no text, and import only what they use."""

from __future__ import annotations

import re

import pytest

from tests.architecture.source import templates

INLINE = re.compile(
    r"<style|\sstyle=|\son[a-z]+=|javascript:|<script(?![^>]*\ssrc=)", re.IGNORECASE
)
UNESCAPED = re.compile(r"\|\s*safe\b|Markup\(|autoescape\s+false")
IMPORTED = re.compile(r"{%-?\s*from\s+[^%]*?\bimport\s+(?P<names>[^%]*?)\s*-?%}", re.DOTALL)
MODULE = re.compile(r"{%-?\s*import\s+[^%]*?\bas\s+(?P<name>\w+)")

ALL = pytest.mark.parametrize("name", sorted(templates()) or ["none"])


@ALL
def test_template_has_no_inline_script_or_style(name: str) -> None:
    assert INLINE.findall(templates().get(name, "")) == []


@ALL
def test_template_escapes_everything(name: str) -> None:
    assert UNESCAPED.findall(templates().get(name, "")) == []


@ALL
def test_template_uses_what_it_imports(name: str) -> None:
    text = templates().get(name, "")
    imported = [part for found in IMPORTED.finditer(text) for part in _names(found["names"])]
    imported += [found["name"] for found in MODULE.finditer(text)]
    rest = MODULE.sub("", IMPORTED.sub("", text))

    assert [part for part in imported if not re.search(rf"\b{part}\b", rest)] == []


def _names(listed: str) -> list[str]:
    parts = listed.removesuffix("with context").removesuffix("without context").split(",")
    return [part.split(" as ")[-1].strip() for part in parts if part.strip()]
