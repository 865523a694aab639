"""Reads the catalog's TOML; every problem in it is named, with line and field."""

import tomllib
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from billing.domain.catalog import CatalogDocument, Entry, FeatureEntry, PackageEntry, TierEntry
from billing.domain.catalog_fields import SLUG
from billing.domain.catalog_rules import Problem, find_problems
from billing.domain.toml_lines import Path, TomlLines
from billing.errors import InvalidInput

EntryT = TypeVar("EntryT", bound=Entry)

FEATURE = TypeAdapter(FeatureEntry)
TIER = TypeAdapter(TierEntry)
PACKAGE = TypeAdapter(PackageEntry)
SECTIONS = ("features", "tiers", "packages")
MESSAGES = {
    "missing": "is missing",
    "unexpected_keyword_argument": "is no field of the catalog",
}
"""Where pydantic speaks of arguments, a person with a file thinks of fields."""


def parse(source: bytes) -> CatalogDocument:
    """Read a catalog from TOML.

    Raises:
        InvalidInput: it cannot be used; the detail has one line for each problem, and the member
            `errors` holds each one's line, field and message.
    """
    try:
        text = source.decode("utf-8-sig")
        tables = tomllib.loads(text)
    except UnicodeDecodeError as error:
        line = source.count(b"\n", 0, error.start) + 1
        raise InvalidInput(f"line {line}: the file is not UTF-8 text.") from error
    except tomllib.TOMLDecodeError as error:
        last_line = len(text.split("\n"))
        message = str(error).replace("at end of document", f"at line {last_line}")
        raise InvalidInput(f"The file is not TOML: {message}.") from error

    reading = _Reading(tables)
    if reading.problems:
        raise _refusal(reading.problems, TomlLines(text))
    return reading.document


class _Reading:
    """One pass over the tables: the well-formed entries, and all that is wrong."""

    def __init__(self, tables: dict[str, Any]) -> None:
        self.problems: list[Problem] = []
        self._tables = tables
        self.document = CatalogDocument(
            features=dict(self._entries("features", FEATURE)),
            tiers=dict(self._entries("tiers", TIER)),
            packages=dict(self._entries("packages", PACKAGE)),
        )
        self.problems += self._top_level_problems()
        keys = self._section("features")
        self.problems += find_problems(self.document, feature_keys=keys)
        self.problems += self._missing_default()

    def _section(self, name: str) -> Mapping[str, Any]:
        section = self._tables.get(name, {})
        return section if isinstance(section, dict) else {}

    def _entries(self, name: str, adapter: TypeAdapter[EntryT]) -> Iterator[tuple[str, EntryT]]:
        for slug, table in self._section(name).items():
            path = (name, slug)
            if not SLUG.fullmatch(slug):
                message = "must be named with small letters, digits, - and _, at most 64 of them"
                self.problems.append(Problem(path, message))
            if not isinstance(table, dict):
                self.problems.append(Problem(path, "must be a table"))
                continue
            try:
                yield slug, adapter.validate_python(self._with_currency(name, table))
            except ValidationError as error:
                self.problems += _field_problems(path, error)

    def _with_currency(self, section: str, table: dict[str, Any]) -> dict[str, Any]:
        currency = self._tables.get("currency")
        if section == "features" or currency is None:
            return table
        return {"currency": currency, **table}

    def _top_level_problems(self) -> Iterator[Problem]:
        for name, value in self._tables.items():
            if name in SECTIONS and not isinstance(value, dict):
                yield Problem((name,), "must be a table")
            elif name not in {*SECTIONS, "currency"}:
                yield Problem((name,), MESSAGES["unexpected_keyword_argument"])

    def _missing_default(self) -> Iterator[Problem]:
        # Asked of what is written, so that a default tier with a typing error is not missed too.
        written = self._section("tiers").values()
        if not any(isinstance(tier, dict) and tier.get("default") for tier in written):
            yield Problem(("tiers",), "must have one tier with default = true")


def _field_problems(path: Path, error: ValidationError) -> Iterator[Problem]:
    for problem in error.errors(include_url=False, include_input=False):
        message = problem["msg"].removeprefix("Value error, ")
        message = message.replace("Input should", "must").replace("String should", "must")
        field = tuple(str(part) for part in problem["loc"])
        yield Problem((*path, *field), MESSAGES.get(problem["type"], message))


def _refusal(problems: list[Problem], lines: TomlLines) -> InvalidInput:
    numbered = sorted(
        {
            (lines.find(problem.path), ".".join(problem.path), problem.message)
            for problem in problems
        }
    )
    described = "\n".join(f"  line {line}: {field} {message}" for line, field, message in numbered)
    return InvalidInput(
        f"The catalog was not applied:\n{described}",
        errors=[
            {"line": line, "field": field, "message": message} for line, field, message in numbered
        ],
    )
