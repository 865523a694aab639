"""On which line of a TOML source a key stands; tomllib itself does not tell."""

import tomllib
from collections.abc import Iterator

Path = tuple[str, ...]


class TomlLines:
    """The lines of a source that tomllib has accepted as a whole.

    Each statement is cut out by growing it line by line until tomllib takes it alone, so values
    over several lines, dotted keys and inline tables need no grammar of our own.
    """

    def __init__(self, source: str) -> None:
        self._lines: dict[Path, int] = {}
        table: Path = ()
        for line, statement in _statements(source):
            parsed = tomllib.loads(statement)
            if statement.lstrip().startswith("["):
                table = max(_paths(parsed), key=len)
                self._note(table, line)
            else:
                for path in _paths(parsed):
                    self._note(table + path, line)

    def find(self, path: Path) -> int:
        """Return the line of the path, or of the nearest table around it that the source has."""
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path, 1)

    def _note(self, path: Path, line: int) -> None:
        for length in range(1, len(path) + 1):
            self._lines.setdefault(path[:length], line)


def _statements(source: str) -> Iterator[tuple[int, str]]:
    """Yield each statement with the number of its first line."""
    start, pending = 1, ""
    # Not splitlines(): it also splits at characters that TOML takes as part of a string.
    for number, line in enumerate(source.split("\n"), start=1):
        pending += line + "\n"
        try:
            parsed = tomllib.loads(pending)
        except tomllib.TOMLDecodeError:
            # The statement goes on in the next line.
            continue
        if parsed:
            yield start, pending
        start, pending = number + 1, ""


def _paths(value: object) -> Iterator[Path]:
    """Yield the path of every key below a parsed value."""
    if isinstance(value, list):
        value = value[0] if value and isinstance(value[0], dict) else {}
    if isinstance(value, dict):
        for key, below in value.items():
            yield (key,)
            for path in _paths(below):
                yield (key, *path)
