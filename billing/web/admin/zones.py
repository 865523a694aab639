"""The zone in which the reader's days are days."""

from zoneinfo import ZoneInfo

from flask_babel import get_timezone


def current_zone() -> ZoneInfo:
    """Return the reader's zone as Python has it: Babel's own counts from 1883 unless asked."""
    return ZoneInfo(str(get_timezone()))
