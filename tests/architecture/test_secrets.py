"""Nothing that opens a door is in the tree."""

from __future__ import annotations

import re

from tests.architecture.source import ROOT, committed_files

SECRET = re.compile(
    rb"[sr]k_live_[A-Za-z0-9]{10,}|whsec_[A-Za-z0-9]{24,}|-----BEGIN [A-Z ]*PRIVATE"
)


def test_no_live_secret_is_committed() -> None:
    found = [
        str(path.relative_to(ROOT))
        for path in committed_files()
        if SECRET.search(path.read_bytes())
    ]

    assert found == []


def test_no_environment_file_is_committed() -> None:
    names = {path.name for path in committed_files()}

    assert ".env" not in names
