"""`SECURITY.md` names a test for each control, and each of them exists."""

from __future__ import annotations

import re

from tests.architecture.source import ROOT

CONTROLS = {"S": 8, "A": 9, "H": 15, "W": 15, "K": 3, "L": 4, "O": 5}
ROW = re.compile(r"^\| ([A-Z]\d+) \| [^|]+ \| ([^|]+) \|$", re.MULTILINE)
TEST = re.compile(r"`([\w/]+\.py)::(\w+)`")


def test_each_control_has_its_test() -> None:
    rows = dict(ROW.findall((ROOT / "SECURITY.md").read_text(encoding="utf-8")))

    assert list(rows) == [
        f"{kind}{n}" for kind, last in CONTROLS.items() for n in range(1, last + 1)
    ]
    named = {number: TEST.findall(cell) for number, cell in rows.items()}
    assert [number for number, tests in named.items() if not tests] == []
    assert [
        (number, path, name)
        for number, tests in named.items()
        for path, name in tests
        if not (ROOT / "tests" / path).is_file()
        or f"def {name}(" not in (ROOT / "tests" / path).read_text(encoding="utf-8")
    ] == []
