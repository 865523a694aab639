"""How often a subscription is paid."""

from enum import StrEnum


class Interval(StrEnum):
    """Stripe's words for the billing interval."""

    MONTH = "month"
    YEAR = "year"

    @property
    def months(self) -> int:
        return 12 if self is Interval.YEAR else 1
