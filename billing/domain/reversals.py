"""Reversals: what a refund or a dispute means for what the payment bought."""

from dataclasses import dataclass
from enum import StrEnum

FAILED_REFUNDS = frozenset({"failed", "canceled"})
"""https://docs.stripe.com/api/refunds/object#refund_object-status: the money stayed with us."""
INQUIRY_PREFIX = "warning_"
"""https://docs.stripe.com/disputes/how-disputes-work#inquiries: a question, no money has moved."""
DISPUTES_WITHOUT_LOSS = frozenset({"won", "prevented"})


class DisputeEffect(StrEnum):
    """What a dispute does to the tokens that its payment bought."""

    NONE = "none"
    FREEZES = "freezes"
    TAKES = "takes"


@dataclass(frozen=True, slots=True)
class Reversal:
    """How many of an order's tokens are to be taken back, and how many of the others frozen."""

    taken: int
    frozen: int


def effect_of_dispute(status: str, *, is_withdrawn: bool) -> DisputeEffect:
    """Return what a dispute does as it stands.

    Args:
        status: Stripe's word.
        is_withdrawn: whether the money has left our account and not come back.
    """
    if status.startswith(INQUIRY_PREFIX) or status in DISPUTES_WITHOUT_LOSS:
        return DisputeEffect.NONE
    is_taken = is_withdrawn or status == "lost"
    return DisputeEffect.TAKES if is_taken else DisputeEffect.FREEZES


def reverse(granted: int, *, paid_minor: int, returned_minor: int, disputed_minor: int) -> Reversal:
    """Return what becomes of the tokens of an order, in proportion to the money, rounded down.

    Args:
        granted: how many tokens the order gave, bonus included.
        paid_minor: what was paid for them.
        returned_minor: what went back in all, by refunds and lost disputes.
        disputed_minor: what is disputed and still with us.
    """
    if paid_minor == 0:
        return Reversal(0, 0)
    taken = granted * min(returned_minor, paid_minor) // paid_minor
    at_stake = granted * min(returned_minor + disputed_minor, paid_minor) // paid_minor
    return Reversal(taken, at_stake - taken)
