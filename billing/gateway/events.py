"""Events: what Stripe told, or tried to tell. https://docs.stripe.com/api/events"""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from billing.gateway.calls import Calls
from billing.gateway.values import Event
from billing.gateway.webhooks import read_event

if TYPE_CHECKING:
    from stripe.params import EventListParams

PAGE_SIZE = 100


class Events:
    """Stripe keeps them for 30 days."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def list_since(self, since: datetime) -> Iterator[Event]:
        """Read the events since then, newest first, a page at a time.

        Args:
            since: aware UTC; what is older than 30 days is gone.
        """
        params: EventListParams = {"created": {"gte": int(since.timestamp())}, "limit": PAGE_SIZE}
        with self._calls.stripe("events.list") as client:
            page = client.v1.events.list(params)
            for event in page.auto_paging_iter():
                # The library reads decimals, which Stripe writes as strings.
                yield read_event(json.dumps(event.to_dict(), default=str))
