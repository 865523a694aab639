"""The timers of a subscription's present period: its end, and what is announced before."""

from billing.sandbox import policy
from billing.sandbox.changing import ends
from billing.sandbox.contract import Json
from billing.sandbox.policy import DAY_SECONDS
from billing.sandbox.unit import Unit

TRIAL_NOTICE_SECONDS = 3 * DAY_SECONDS


def watch(unit: Unit, subscription: Json) -> None:
    """Act when the present period ends, and before."""
    end = min(ends(subscription))
    unit.schedule("renew", subscription["id"], end)
    if subscription["status"] == "trialing":
        notice = max(unit.now, end - TRIAL_NOTICE_SECONDS)
        unit.schedule("announce_trial_end", subscription["id"], notice)
    announced = end - policy.settings(unit)["upcoming_days"] * DAY_SECONDS
    if announced > unit.now:
        unit.schedule("announce_renewal", subscription["id"], announced)
