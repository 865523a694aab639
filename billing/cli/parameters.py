"""What commands take beside click's own types."""

import click


class OneLine(click.ParamType[str]):
    """Text of one line, as long as its column: SQLite would take more, PostgreSQL fail."""

    name = "text"

    def __init__(self, *, max_length: int) -> None:
        self._max_length = max_length

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not 1 <= len(value) <= self._max_length or not value.isprintable():
            self.fail(f"it must be one line of 1 to {self._max_length} characters", param, ctx)
        return value
