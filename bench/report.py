"""What was measured: ratios within one run, with their spread, as a table and as JSON."""

import json
import platform
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median, quantiles


@dataclass(frozen=True)
class Figure:
    """Interleaved rounds of one way against its limit; or a time in milliseconds."""

    name: str
    values: list[float]
    target: float | None
    unit: str = "ratio"
    limit_per_second: list[float] = field(default_factory=list)
    ours_per_second: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return median(self.values)

    @property
    def quartiles(self) -> tuple[float, float]:
        if len(self.values) < 2:
            return self.values[0], self.values[0]
        first, _, third = quantiles(self.values, n=4, method="inclusive")
        return first, third

    @property
    def is_met(self) -> bool:
        if self.target is None:
            return True
        return self.median >= self.target if self.unit == "ratio" else self.median <= self.target


def ratio(
    name: str, *, ours: list[float], limit: list[float], target: float | None = None
) -> Figure:
    """Return the ratio of each round to its neighbour."""
    values = [one / other for one, other in zip(ours, limit, strict=True)]
    return Figure(name, values, target, limit_per_second=limit, ours_per_second=ours)


def line(figure: Figure) -> str:
    """Return the figure as a line of the table."""
    first, third = figure.quartiles
    target = "" if figure.target is None else f"{figure.target:g}"
    verdict = "" if figure.target is None else ("met" if figure.is_met else "MISSED")
    rates = ""
    if figure.limit_per_second:
        ours, limit = median(figure.ours_per_second), median(figure.limit_per_second)
        rates = f"{ours:,.0f} of {limit:,.0f}/s"
    return (
        f"{figure.name:58} {figure.median:7.3f} {figure.unit:5} "
        f"{first:6.3f} - {third:6.3f}  {target:>6} {verdict:6} {rates}"
    )


def write(figures: list[Figure], path: Path) -> None:
    """Write every round of every figure."""
    path.parent.mkdir(parents=True, exist_ok=True)
    machine = {"python": platform.python_version(), "machine": platform.platform()}
    content = {
        "machine": machine,
        "figures": [{**asdict(figure), "median": figure.median} for figure in figures],
    }
    path.write_text(json.dumps(content, indent=2) + "\n")
