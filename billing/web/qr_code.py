"""A square that a camera reads, as the one path of an inline SVG."""

from dataclasses import dataclass

import segno

QUIET_ZONE = 4


@dataclass(frozen=True, slots=True)
class QrCode:
    """The dark modules as an SVG path, and how many modules a side has."""

    path: str
    size: int

    @classmethod
    def of(cls, text: str) -> "QrCode":
        """Return the square that says the text."""
        rows = tuple(segno.make(text, micro=False).matrix)
        dark = [
            f"M{x + QUIET_ZONE} {y + QUIET_ZONE}h1v1h-1z"
            for y, row in enumerate(rows)
            for x, is_dark in enumerate(row)
            if is_dark
        ]
        return cls("".join(dark), len(rows) + 2 * QUIET_ZONE)
