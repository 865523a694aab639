"""What an AI request costs: quota first, the rest in tokens, all or nothing."""

from dataclasses import dataclass, field
from datetime import datetime

from billing.errors import InvalidInput

MAX_QUANTITY = 1_000_000
"""How many AI requests one call may record."""
MAX_KEY_LENGTH = 255


@dataclass(frozen=True, slots=True)
class Wanted:
    """AI requests that a caller wants recorded or held, checked at the door.

    Raises:
        InvalidInput: the quantity or the key is out of bounds.
    """

    user_id: int
    feature_key: str
    quantity: int
    idempotency_key: str | None

    def __post_init__(self) -> None:
        if isinstance(self.quantity, bool) or not isinstance(self.quantity, int):
            raise _invalid("quantity", "Quantity must be a whole number.")
        if not 1 <= self.quantity <= MAX_QUANTITY:
            raise _invalid("quantity", f"Quantity must be between 1 and {MAX_QUANTITY}.")
        key = self.idempotency_key
        if key is not None and not (0 < len(key) <= MAX_KEY_LENGTH and key.isprintable()):
            raise _invalid(
                "idempotency_key", f"The key must have 1 to {MAX_KEY_LENGTH} printable characters."
            )


def _invalid(field_name: str, problem: str) -> InvalidInput:
    return InvalidInput(problem, errors={field_name: problem})


@dataclass(frozen=True, slots=True)
class Quota:
    """Where the AI requests of one period stand; `limit` and `remaining` are None if unlimited."""

    limit: int | None
    used: int
    resets_at: datetime
    held: int = 0

    @property
    def remaining(self) -> int | None:
        return None if self.limit is None else self.limit - self.used - self.held

    def covers(self, quantity: int) -> int:
        """Return how many of `quantity` requests the quota pays."""
        return quantity if self.remaining is None else min(quantity, self.remaining)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What one AI request cost, and what was left after it; a replay is equal to the first."""

    id: str
    user: str
    feature: str
    quantity: int
    from_quota: int
    tokens_charged: int
    quota: Quota
    token_balance: int
    created_at: datetime
    is_replay: bool = field(default=False, compare=False)

    @property
    def from_tokens(self) -> int:
        """How many of the requests were paid in tokens."""
        return self.quantity - self.from_quota
