"""One person's data as one JSON document, written a row at a time."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

Section = tuple[str, Iterator[Mapping[str, Any]]]


def document(facts: Mapping[str, Any], sections: Iterator[Section]) -> Iterator[str]:
    """Yield the document: the facts, then a list for each section."""
    yield json.dumps(facts, indent=2, ensure_ascii=False).removesuffix("\n}")
    for name, rows in sections:
        yield f",\n  {json.dumps(name)}: ["
        separator = ""
        for row in rows:
            yield f"{separator}\n    {json.dumps(row, ensure_ascii=False)}"
            separator = ","
        yield "\n  ]" if separator else "]"
    yield "\n}\n"
