"""Moments as text, for whoever reads them by a program."""

from datetime import datetime


def rfc3339(moment: datetime) -> str:
    """Return an aware UTC moment as RFC 3339 has it: `2026-11-23T04:20:00Z`."""
    return moment.isoformat().replace("+00:00", "Z")
