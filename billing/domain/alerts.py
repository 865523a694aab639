"""Alerts: at which marks somebody may want to hear of a quota or of tokens that run out."""

from enum import StrEnum

QUOTA_PERCENTS = (50, 75, 80, 90, 95, 100)
"""Of the period's quota; each one that is reached is noted, once a period."""
TOKEN_MARKS = (1, 10, 50, 100, 500, 1000)
"""A balance below one of these is low; 1 is an empty one."""
HOST_PERCENTS = (80, 100)
DEFAULT_PERCENT = 80
DEFAULT_TOKENS = 10

NO_QUOTA_MARK = 10**15
"""More requests than a quota can hold: nothing lies ahead."""


class AlertKind(StrEnum):
    """What ran low."""

    QUOTA = "quota"
    TOKENS = "tokens"


def list_reached_percents(limit: int | None, used: int, *, since: int) -> list[int]:
    """Return the percents of the quota that lie between two numbers of used requests.

    Args:
        limit: the period's quota, None if unlimited.
        used: how much of it is used now.
        since: the smallest number that was not looked at yet.
    """
    return [
        percent
        for percent in QUOTA_PERCENTS
        if limit and since <= _percent_of(limit, percent) <= used
    ]


def next_quota_mark(limit: int | None, used: int) -> int:
    """Return how many used requests reach the next percent.

    Args:
        limit: the period's quota, None if unlimited.
        used: how much of it is used now.
    """
    marks = [_percent_of(limit, percent) for percent in QUOTA_PERCENTS] if limit else []
    return min((mark for mark in marks if mark > used), default=NO_QUOTA_MARK)


def list_passed_token_marks(balance: int, *, since: int) -> list[int]:
    """Return the marks that the balance fell below.

    Args:
        balance: in tokens, now.
        since: the mark that lay next below the balance when it was looked at.
    """
    return [mark for mark in TOKEN_MARKS if balance < mark <= since]


def next_token_mark(balance: int) -> int:
    """Return the mark that the balance passes next when it falls, 0 where none is left.

    Args:
        balance: in tokens.
    """
    return max((mark for mark in TOKEN_MARKS if mark <= balance), default=0)


def _percent_of(limit: int, percent: int) -> int:
    """Return the smallest number of requests that is so many percent of the limit."""
    return -(-limit * percent // 100)
