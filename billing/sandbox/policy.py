"""What an account decides about failed payments, and failures that the control page ordered."""

import json

from billing.sandbox.cards import DECLINED, NOT_AUTHENTICATED, Decline
from billing.sandbox.contract import Json
from billing.sandbox.unit import Unit

DAY_SECONDS = 24 * 3600
AFTER_RETRIES = ("cancel", "unpaid", "past_due")
OBSTACLES = {"decline": DECLINED, "authenticate": NOT_AUTHENTICATED}
DEFAULTS: Json = {"retry_days": [3, 5, 7], "after_retries": "cancel", "upcoming_days": 7}


def settings(unit: Unit) -> Json:
    """`retry_days` from each failure to the next attempt, `after_retries`, `upcoming_days`."""
    row = unit.db.execute("SELECT billing FROM accounts WHERE id = ?", (unit.account,)).fetchone()
    given: Json = json.loads(row["billing"])
    return DEFAULTS | given


def set_settings(unit: Unit, given: Json) -> Json:
    """Change the account's settings; what is not given stays."""
    wanted = settings(unit) | given
    unit.db.execute(
        "UPDATE accounts SET billing = ? WHERE id = ?", (json.dumps(wanted), unit.account)
    )
    return wanted


def next_attempt(unit: Unit, invoice: Json) -> int | None:
    """When a payment that fails now is tried again; None after the last time."""
    days: list[int] = settings(unit)["retry_days"]
    done = invoice["attempt_count"]
    return unit.now + days[done] * DAY_SECONDS if done < len(days) else None


def order_obstacle(unit: Unit, subscription: Json, kind: str | None, times: int) -> None:
    """Make the next payments of a subscription fail, whatever its card; None ends it."""
    private = unit.objects.private(subscription["id"])
    private["obstacle"] = {"kind": kind, "times": times} if kind else None
    unit.objects.set_private(subscription["id"], private)


def ordered_obstacle(unit: Unit, subscription: Json) -> Decline | None:
    """The failure that was ordered for this payment; it counts as one of its times."""
    private = unit.objects.private(subscription["id"])
    ordered = private.get("obstacle")
    if not ordered:
        return None
    left = ordered["times"] - 1
    order_obstacle(unit, subscription, ordered["kind"] if left else None, left)
    return OBSTACLES[ordered["kind"]]
