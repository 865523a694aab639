"""`/_control/` about time and money that is to come: the clock of the account, its policy for
failed payments, failures that are ordered, and the customer's answer to the bank."""

from datetime import datetime

from billing.sandbox import confirming, policy
from billing.sandbox.api import engine
from billing.sandbox.contract import Json
from billing.sandbox.control import body, control_blueprint, for_account
from billing.sandbox.errors import invalid

bp = control_blueprint("control_time")


@bp.post("/advance")
@for_account
def advance(account: str) -> Json:
    """Let time pass for all of the account that is on no test clock: `seconds`, or up to `to`
    (seconds of Unix time, or ISO 8601). All that comes due meanwhile has happened then."""
    given = body()
    with engine().view(account) as unit:
        now = unit.now
    target = now + int(given["seconds"]) if "seconds" in given else _moment(given, "to")
    if target < now:
        raise invalid("Time does not go back.", "to")
    engine().timekeeper.advance_account(account, target)
    return {"now": target}


@bp.post("/begin")
@for_account
def begin(account: str) -> Json:
    """Let an account that has no customers yet begin `at` a moment in the past, so that a history
    can be made: everything about it happens then, until its time is advanced to the present."""
    moment = _moment(body(), "at")
    with engine().unit(account) as unit:
        if unit.objects.all("customer"):
            raise invalid("This account has customers already.", "at")
        unit.db.execute(
            "UPDATE accounts SET time_offset = ? WHERE id = ?",
            (min(0, moment - engine().now()), account),
        )
    return {"now": moment}


@bp.post("/billing")
@for_account
def set_billing(account: str) -> Json:
    """How failed payments go: `retry_days` between attempts, `after_retries` (cancel, unpaid or
    past_due), `upcoming_days` before a renewal for `invoice.upcoming`."""
    given = body()
    for name in given:
        if name not in policy.DEFAULTS:
            raise invalid(f"Invalid setting: must be one of {', '.join(policy.DEFAULTS)}", name)
    if given.get("after_retries", "cancel") not in policy.AFTER_RETRIES:
        raise invalid(f"Must be one of {', '.join(policy.AFTER_RETRIES)}", "after_retries")
    with engine().unit(account) as unit:
        return policy.set_settings(unit, given)


@bp.post("/subscriptions/<subscription_id>/payments")
@for_account
def order_payments(account: str, subscription_id: str) -> Json:
    """What becomes of the next `times` payments of a subscription, whatever its card: `outcome` is
    `decline`, `authenticate` (the bank asks) or `normal`."""
    given = body()
    outcome = given.get("outcome", "decline")
    if outcome not in (*policy.OBSTACLES, "normal"):
        raise invalid(f"Must be one of {', '.join(policy.OBSTACLES)}, normal", "outcome")
    times = int(given.get("times", 1))
    with engine().unit(account) as unit:
        subscription = unit.get("subscription", subscription_id)
        kind = None if outcome == "normal" else outcome
        policy.order_obstacle(unit, subscription, kind, times)
    return {"subscription": subscription_id, "outcome": outcome, "times": times}


@bp.post("/payment_intents/<intent_id>/authenticate")
@for_account
def authenticate(account: str, intent_id: str) -> Json:
    """The customer answers the bank that asked about an invoice: `approved` (true)."""
    with engine().unit(account) as unit:
        intent = unit.get("payment_intent", intent_id, param="intent")
        return confirming.answer_bank(unit, intent, approved=bool(body().get("approved", True)))


def _moment(given: Json, name: str) -> int:
    value = given.get(name)
    if isinstance(value, int):
        return value
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        raise invalid(f"Give `{name}` as Unix time or ISO 8601.", name) from None
    return int(moment.timestamp())
