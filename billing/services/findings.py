"""Findings: what a comparison of Stripe's side with ours turns up."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

Repair: TypeAlias = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Finding:
    """What differs; without a `repair` only a person can mend it."""

    subject: str
    detail: str
    repair: Repair | None
