"""How long somebody has waited for a payment to be confirmed; the page's address carries it on."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from flask import request

from billing import clock

PATIENCE = timedelta(minutes=2)
"""After so long the page says what to do if nothing comes."""
REMEMBERED_FOR = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class PaymentWait:
    """A wait that began at a moment."""

    began_at: datetime

    @property
    def since(self) -> int:
        """The beginning as seconds since 1970, for the address of the page."""
        return int(self.began_at.timestamp())

    @property
    def is_long(self) -> bool:
        return clock.now() - self.began_at >= PATIENCE

    @property
    def seconds_to_next_page(self) -> int:
        """How long the script may ask before it loads the page anew, for other words."""
        left = self.began_at + PATIENCE - clock.now()
        return int(left.total_seconds()) + 1 if not self.is_long else PATIENCE.seconds


def of_request() -> PaymentWait:
    """Return the wait that the address tells of; without a sensible one it begins now."""
    now = clock.now()
    seconds = request.args.get("since", 0, type=int)
    if not (now - REMEMBERED_FOR).timestamp() <= seconds <= now.timestamp():
        return PaymentWait(now)
    return PaymentWait(datetime.fromtimestamp(seconds, UTC))
