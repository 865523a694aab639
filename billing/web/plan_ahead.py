"""What a person was about to buy when we asked who they are."""

from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from flask import url_for

from billing.domain.interval import Interval
from billing.domain.money import Money
from billing.services import catalog


@dataclass(frozen=True, slots=True)
class PlanAhead:
    """The plan that the way back leads to."""

    name: str
    price: Money
    interval: Interval


def find_plan_ahead(path: str) -> PlanAhead | None:
    """Return the paid plan that was chosen on the pricing page, if the path leads back there."""
    parts = urlsplit(path)
    if parts.path != url_for("pricing.index"):
        return None
    choice = {name: values[0] for name, values in parse_qs(parts.query).items()}
    interval = Interval.YEAR if choice.get("interval") == Interval.YEAR else Interval.MONTH
    for tier in catalog.list_tiers():
        if tier.slug == choice.get("tier") and not tier.current_version.is_free:
            return PlanAhead(tier.name, tier.current_version.price(interval), interval)
    return None
