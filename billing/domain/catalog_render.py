"""Writes a catalog as TOML that reads back as the same catalog."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import MISSING, Field, asdict, fields
from typing import Any

from billing.domain.catalog import CatalogDocument, Entry


def render(document: CatalogDocument) -> str:
    """Return the TOML of the catalog; fields at their default are left out."""
    currencies = {entry.currency for entry in document.tiers.values()}
    currencies |= {entry.currency for entry in document.packages.values()}
    shared = currencies.pop() if len(currencies) == 1 else None
    tables = [
        *_tables("features", document.features.items(), shared),
        *_tables("tiers", document.tiers.items(), shared),
        *_tables("packages", document.packages.items(), shared),
    ]
    head = [f"currency = {_value(shared)}\n"] if shared else []
    return "\n".join([*head, *tables])


def _tables(
    section: str, entries: Iterable[tuple[str, Entry]], shared_currency: str | None
) -> Iterator[str]:
    for slug, entry in entries:
        lines = [f"[{section}.{slug}]"]
        lines += [
            f"{name} = {_value(value)}"
            for name, value in _written_fields(entry).items()
            if (name, value) != ("currency", shared_currency)
        ]
        yield "\n".join(lines) + "\n"


def _written_fields(entry: Entry) -> dict[str, object]:
    defaults = {field.name: _default(field) for field in fields(entry)}
    return {
        name: "unlimited" if value is None else value
        for name, value in asdict(entry).items()
        if value != defaults[name]
    }


def _default(field: Field[Any]) -> object:
    return field.default if field.default_factory is MISSING else field.default_factory()


def _value(value: object) -> str:
    if isinstance(value, dict):
        pairs = ", ".join(f"{name} = {_value(text)}" for name, text in value.items())
        return f"{{ {pairs} }}"
    # Strings, integers, booleans and lists of strings look the same in TOML as in JSON.
    return json.dumps(value, ensure_ascii=False)
