"""The post between Stripe and the app: perfect for one customer, terrible for the other."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any

from billing.services.stripe_events import HANDLERS
from tests.shop import Shop

Event = dict[str, Any]


@dataclass
class Post:
    """Every event of the calm customer arrives once and in order; the other's are tossed about."""

    shop: Shop
    random: Random
    seen: set[str] = field(default_factory=set)
    late: list[Event] = field(default_factory=list)

    def collect(self) -> list[Event]:
        """Return what Stripe has told since the last time, oldest first."""
        new = [each for each in self.shop.events(*HANDLERS) if each["id"] not in self.seen]
        self.seen.update(each["id"] for each in new)
        return new

    def deliver(self, events: list[Event]) -> None:
        """Deliver each once, in order."""
        for event in events:
            assert self.shop.deliver(event) == 200, event["type"]

    def toss(self, events: list[Event]) -> None:
        """Deliver some twice, some later, some never, in any order, with some from before."""
        arriving: list[Event] = []
        for event in events:
            fate = self.random.choice(("once", "twice", "late", "dropped"))
            if fate == "late":
                self.late.append(event)
            else:
                arriving += [event] * {"once": 1, "twice": 2, "dropped": 0}[fate]
        arriving += self._some_late()
        self.random.shuffle(arriving)
        self.deliver(arriving)

    def _some_late(self) -> list[Event]:
        come = [each for each in self.late if self.random.random() < 0.3]
        self.late = [each for each in self.late if each not in come]
        if self.random.random() < 0.5:
            # The same news under another id, so that the inbox cannot know that it is old.
            come = [each | {"id": f"{each['id']}_again"} for each in come]
        return come
