"""Alerts: at which marks somebody may want to hear of a quota or of tokens that run out."""

from enum import StrEnum

QUOTA_PERCENTS = (50, 75, 80, 90, 95, 100)
"""Of the period's quota; the database notes each one that is reached, once a period."""
TOKEN_MARKS = (1, 10, 50, 100, 500, 1000)
"""A balance below one of these is low; 1 is an empty one."""
HOST_PERCENTS = (80, 100)
DEFAULT_PERCENT = 80
DEFAULT_TOKENS = 10


class AlertKind(StrEnum):
    """What ran low."""

    QUOTA = "quota"
    TOKENS = "tokens"
