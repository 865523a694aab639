"""The locks: every pin with its hashes, no place of origin, and one lock inside the other."""

from __future__ import annotations

import re

import pytest

from tests.architecture.source import ROOT

PIN = re.compile(r"^(?P<name>[a-z0-9-]+)(?:\[[^]]*\])?==(?P<version>[^ ;\\]+)", re.MULTILINE)
FILES = ("requirements.in", "requirements.txt", "requirements-dev.in", "requirements-dev.txt")
RUN, DEV = "requirements.txt", "requirements-dev.txt"


def _pins(name: str) -> dict[str, str]:
    return {found["name"]: found["version"] for found in PIN.finditer((ROOT / name).read_text())}


@pytest.mark.parametrize("name", FILES)
def test_requirement_files_name_no_place(name: str) -> None:
    text = (ROOT / name).read_text()

    assert re.findall(r"https?://|--(?:extra-)?index|--find-links|file:", text) == []


@pytest.mark.parametrize("name", [RUN, DEV])
def test_every_pin_has_hashes(name: str) -> None:
    blocks = re.split(r"\n(?=[a-z])", (ROOT / name).read_text())

    assert [block.split()[0] for block in blocks if "==" in block and "--hash=" not in block] == []


def test_the_development_lock_contains_the_other() -> None:
    run, development = _pins(RUN), _pins(DEV)

    assert run
    assert run.items() <= development.items()
