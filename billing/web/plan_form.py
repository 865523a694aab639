"""What a person asks of their plan: a tier and an interval, with the amount that they agreed to."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from flask import request

from billing.domain.interval import Interval
from billing.errors import InvalidInput
from billing.messages import Message

MAX_SLUG_LENGTH = 64
EPOCH_SECONDS = re.compile(r"[0-9]{1,10}")
MINOR_UNITS = re.compile(r"[0-9]{1,15}")


@dataclass(frozen=True, slots=True)
class WantedPlan:
    """The tier to move to, and how often it is to be paid."""

    tier_slug: str
    interval: Interval


@dataclass(frozen=True, slots=True)
class AgreedChange:
    """A change as it was shown: at which moment it was computed, and what is paid now."""

    wanted: WantedPlan
    proration_at: datetime
    due_now_minor: int


def wanted_plan() -> WantedPlan:
    """Read the plan from the address of the preview.

    Raises:
        InvalidInput: the interval is none of ours.
    """
    return _plan(request.args)


def posted_plan() -> WantedPlan:
    """Read the plan from the form of the preview.

    Raises:
        InvalidInput: the interval is none of ours.
    """
    return _plan(request.form)


def agreed_change() -> AgreedChange | None:
    """Read what was agreed to; None where the form does not say it.

    Raises:
        InvalidInput: the interval is none of ours.
    """
    moment = request.form.get("proration_at", "")
    due = request.form.get("due_now_minor", "")
    if not EPOCH_SECONDS.fullmatch(moment) or not MINOR_UNITS.fullmatch(due):
        return None
    return AgreedChange(_plan(request.form), datetime.fromtimestamp(int(moment), UTC), int(due))


def _plan(fields: Mapping[str, str]) -> WantedPlan:
    interval = fields.get("interval", Interval.MONTH)
    if interval not in set(Interval):
        problem = Message("Choose monthly or yearly.")
        raise InvalidInput(problem, errors={"interval": problem})
    return WantedPlan(fields.get("tier", "")[:MAX_SLUG_LENGTH], Interval(interval))
