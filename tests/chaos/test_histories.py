"""However events arrive, are lost or come again: reconciled, it ends as if all had gone well."""

from __future__ import annotations

from tests.chaos.history import History
from tests.one_clock import OneClock
from tests.shop import Shop


def test_a_history_ends_the_same_however_its_events_arrive(
    shop: Shop, clock: OneClock, seed: int
) -> None:
    History.begin(shop, clock, seed).live_and_tell()
