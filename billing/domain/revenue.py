"""Monthly recurring revenue: what a price comes to in a month, and how a change is called."""

from enum import StrEnum

from billing.domain.interval import Interval
from billing.domain.money import Money


class MovementKind(StrEnum):
    """Why the monthly recurring revenue changed; together they make up the whole change."""

    NEW = "new"
    EXPANSION = "expansion"
    CONTRACTION = "contraction"
    CHURN = "churn"
    REACTIVATION = "reactivation"


def monthly(price: Money, interval: Interval) -> Money:
    """Return what a price comes to in a month: a twelfth of a yearly one, halves rounded up.

    Each subscription is rounded by itself, so that the movements add up to the total exactly.
    """
    months = interval.months
    return Money((2 * price.amount_minor + months) // (2 * months), price.currency)


def kind_of_movement(before_minor: int, after_minor: int, *, has_paid: bool) -> MovementKind:
    """Name the change from one monthly amount of an account to another.

    Args:
        before_minor, after_minor: in minor units of one currency; they differ.
        has_paid: whether the account ever paid in this currency before.
    """
    if before_minor == 0:
        return MovementKind.REACTIVATION if has_paid else MovementKind.NEW
    if after_minor == 0:
        return MovementKind.CHURN
    return MovementKind.EXPANSION if after_minor > before_minor else MovementKind.CONTRACTION
