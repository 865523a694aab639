"""Every text of pages and e-mails has its German, and what is compiled is what stands there."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from tests.architecture.source import ROOT

CATALOG = ROOT / "billing" / "translations" / "de" / "LC_MESSAGES" / "messages.po"
MEND = (
    "run ./dev translate, write the German of each empty msgstr into "
    f"{CATALOG.relative_to(ROOT)} (Sie; the words in its head), run ./dev translate again, "
    "and commit the .po and the .mo"
)


def read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale="de")


@pytest.fixture(scope="module")
def german() -> Catalog:
    return read(CATALOG)


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """What stands in the tree now, found the way that `./dev translate` finds it."""
    found = tmp_path_factory.mktemp("texts") / "messages.pot"
    extract = ["--quiet", "extract", "--mapping=pyproject.toml", f"--output={found}", "."]
    subprocess.run(
        [sys.executable, "-m", "babel.messages.frontend", *extract], cwd=ROOT, check=True
    )
    return read(found)


def test_catalog_has_the_texts_of_the_tree(german: Catalog, texts: Catalog) -> None:
    missing = [key(message) for message in texts if message.id and message.id not in german]
    left_over = [key(message) for message in german if message.id and message.id not in texts]

    assert (missing, left_over) == ([], []), MEND


def test_every_text_is_translated(german: Catalog) -> None:
    empty = [key(message) for message in german if not all(forms(message))]
    fuzzy = [key(message) for message in german if message.id and message.fuzzy]

    assert (empty, fuzzy) == ([], []), MEND


def test_placeholders_are_those_of_the_text(german: Catalog) -> None:
    wrong = [(key(message), str(error)) for message, errors in german.check() for error in errors]

    assert wrong == []


def test_compiled_catalog_is_the_one_that_is_read() -> None:
    compiled = io.BytesIO()
    write_mo(compiled, read(CATALOG))

    assert CATALOG.with_suffix(".mo").read_bytes() == compiled.getvalue(), MEND


def forms(message: Message) -> tuple[str, ...]:
    strings = message.string if isinstance(message.string, tuple | list) else (message.string,)
    return tuple(str(string or "") for string in strings)


def key(message: Message) -> str:
    return str(message.id[0] if isinstance(message.id, tuple | list) else message.id)
