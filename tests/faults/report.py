"""What was tried, with which figures, and what was lost by it: the table at the end of the run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import chain
from textwrap import wrap

TRIED_WIDTH, FIGURES_WIDTH = 42, 66


@dataclass(frozen=True)
class Line:
    """One fault."""

    tried: str
    figures: str
    lost: int


@dataclass
class Report:
    """The lines so far."""

    lines: list[Line] = field(default_factory=list)

    def add(self, tried: str, figures: Mapping[str, object], *, lost: int) -> None:
        """Add a line; a fault by which something was lost fails its test.

        Args:
            tried: the fault, in a few words.
            figures: what was counted or measured, by name.
            lost: how many charges, purchases or books ended up wrong.
        """
        told = ", ".join(f"{name} {value}" for name, value in figures.items())
        self.lines.append(Line(tried, told, lost))
        assert 0 == lost, f"{tried}: {told}"

    def table(self) -> list[str]:
        """Return the table, a string a row."""
        head = _row("what was tried", "figures", "lost")
        rule = "-" * len(head[0])
        body = chain.from_iterable(
            _row(line.tried, line.figures, str(line.lost)) for line in self.lines
        )
        return [*head, rule, *body, rule, f"lost: {sum(line.lost for line in self.lines)}"]


def _row(tried: str, figures: str, lost: str) -> list[str]:
    left, right = wrap(tried, TRIED_WIDTH), wrap(figures, FIGURES_WIDTH)
    height = max(len(left), len(right))
    left += [""] * (height - len(left))
    right += [""] * (height - len(right))
    return [
        f"{one:<{TRIED_WIDTH}} | {other:<{FIGURES_WIDTH}} | {lost if first else '':>4}"
        for first, one, other in zip([True] + [False] * height, left, right, strict=False)
    ]
