"""What a person chose on the pricing page: slugs only, never a price."""

from flask import request

from billing.domain.interval import Interval
from billing.errors import InvalidInput
from billing.messages import Message

MAX_SLUG_LENGTH = 64


def tier_choice() -> tuple[str, Interval]:
    """Read the tier and how often it is to be paid.

    Raises:
        InvalidInput: the interval is none of ours.
    """
    interval = request.form.get("interval", Interval.MONTH)
    if interval not in set(Interval):
        problem = Message("Choose monthly or yearly.")
        raise InvalidInput(problem, errors={"interval": problem})
    return _slug("tier"), Interval(interval)


def package_choice() -> str:
    """Read the token package's slug."""
    return _slug("package")


def _slug(field: str) -> str:
    return request.form.get(field, "")[:MAX_SLUG_LENGTH]
