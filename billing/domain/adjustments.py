"""Token adjustments: why an admin moves tokens, and what that makes of balance and debt."""

from dataclasses import dataclass
from enum import StrEnum

LARGE_TOKENS = 10_000
"""From here on the amount is typed again."""


class AdjustmentReason(StrEnum):
    """Why; the person reads it in their history, and the note stays with the admins."""

    GOODWILL = "goodwill"
    CORRECTION = "correction"
    PROMOTION = "promotion"
    MISUSE = "misuse"
    TEST = "test"

    @property
    def sentence(self) -> str:
        return SENTENCES[self]


SENTENCES = {
    AdjustmentReason.GOODWILL: "Goodwill",
    AdjustmentReason.CORRECTION: "Correction",
    AdjustmentReason.PROMOTION: "Promotion",
    AdjustmentReason.MISUSE: "Misuse",
    AdjustmentReason.TEST: "Test",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """What somebody has and owes."""

    balance: int
    debt: int

    def after(self, tokens: int) -> "Standing":
        """Return what they have and owe with so many more, or fewer: a debt is repaid first."""
        repaid = min(max(tokens, 0), self.debt)
        return Standing(self.balance + tokens - repaid, self.debt - repaid)
