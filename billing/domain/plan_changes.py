"""What kind of change it is to go from one tier and interval to another, and so when it happens."""

from dataclasses import dataclass
from enum import StrEnum

from billing.domain.interval import Interval


class ChangeKind(StrEnum):
    """An upgrade happens when it is paid; the others wait for the end of the paid period."""

    UPGRADE = "upgrade"
    DOWNGRADE = "downgrade"
    INTERVAL = "interval"


@dataclass(frozen=True, slots=True)
class Terms:
    """What a subscription is on, as far as a change is concerned."""

    tier_slug: str
    rank: int
    interval: Interval


def kind_of_change(current: Terms, wanted: Terms) -> ChangeKind | None:
    """Return what kind of change it is; None where there is nothing to change.

    A higher rank is an upgrade whatever the interval. In the same tier only the interval moves.
    """
    if wanted.rank > current.rank:
        return ChangeKind.UPGRADE
    if wanted.rank < current.rank:
        return ChangeKind.DOWNGRADE
    return None if wanted.interval == current.interval else ChangeKind.INTERVAL
