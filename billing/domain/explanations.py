"""Explanations: why an AI request cost what it did, or why it was refused."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class LotShare:
    """What one lot paid, what kind of lot it was, and what happened to it besides."""

    lot_id: int
    source: str
    tokens: int
    expires_at: datetime | None
    order_id: int | None
    history: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """One decision; `steps` are its reasons as sentences, in the order of the rules."""

    id: str
    user_id: int
    decision: str
    feature: str
    quantity: int
    tier: str
    created_at: datetime
    steps: tuple[str, ...]
    lots: tuple[LotShare, ...] = ()
