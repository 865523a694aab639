"""History: one line of what happened to a user's quota and tokens, and which lines to look at."""

from dataclasses import dataclass
from datetime import datetime

from billing.messages import Wording

AI_REQUEST = "ai_request"


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """A ledger line or an AI request; both are numbered together, without a gap, by `entry`.

    `kind` is `ai_request`, or the kind of the ledger line. `delta` is what it added to the tokens
    less the debt: 0 for a request that the quota paid.
    """

    id: str
    entry: int
    kind: str
    delta: int
    balance_after: int
    created_at: datetime
    source: str | None = None
    reason: str | None = None
    feature: str | None = None
    feature_name: Wording | None = None
    quantity: int = 0
    from_quota: int = 0


@dataclass(frozen=True, slots=True)
class HistoryFilter:
    """Which lines are wanted: each field that is None lets all pass; `until` itself does not."""

    kind: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    reference: str | None = None

    @property
    def is_set(self) -> bool:
        return self != HistoryFilter()


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Some lines, newest first, and the cursor of the page after them, None on the last."""

    lines: tuple[HistoryLine, ...]
    next_cursor: str | None
