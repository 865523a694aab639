"""The buttons of the control page: time, payments, disputes, and how well Stripe works."""

import re
from decimal import Decimal

from babel.numbers import get_currency_precision
from flask import request
from werkzeug.wrappers import Response

from billing.sandbox import clocks, disputing, policy
from billing.sandbox.api import engine
from billing.sandbox.cards import Dispute
from billing.sandbox.contract import Json
from billing.sandbox.errors import ApiError
from billing.sandbox.faults import Fault
from billing.sandbox.hosted.pages import page_blueprint
from billing.sandbox.hosted.panel import back
from billing.sandbox.hosted.panel_data import FOREVER, HEALTH
from billing.sandbox.resources import refunds

MAX_HOURS, HOUR_SECONDS = 24 * 366, 3600
_AMOUNT = re.compile(r"^\d{1,9}(\.\d{1,2})?$")
bp = page_blueprint("panel_actions")


@bp.post("/panel/<account>/time")
def advance(account: str) -> Response:
    """Let the account's time pass, with all that happens in it."""
    hours = request.form.get("hours", 0, int)
    if not 1 <= hours <= MAX_HOURS:
        raise ApiError("Choose how far the time is to go.")
    with engine().view(account) as unit:
        now = unit.now
    engine().timekeeper.advance_account(account, now + hours * HOUR_SECONDS)
    return back(account, "time-title")


@bp.post("/panel/<account>/health")
def set_health(account: str) -> Response:
    """Make every call of the account slow, fail or break, until it is well again."""
    health = request.form.get("health", "")
    engine().faults.clear(account)
    if health in HEALTH:
        fault = Fault(account=account, operation="", times=FOREVER, **HEALTH[health])
        engine().faults.add(fault)
    elif health != "well":
        raise ApiError("Choose one of the states.")
    return back(account, "health-title")


@bp.post("/panel/<account>/subscriptions/<subscription_id>")
def order_obstacle(account: str, subscription_id: str) -> Response:
    """Have the next renewal be declined, or let it be paid after all."""
    kind = request.form.get("action", "")
    if kind not in (*policy.OBSTACLES, "none"):
        raise ApiError("Choose what the bank is to do.")
    with engine().unit(account) as unit:
        subscription = unit.get("subscription", subscription_id)
        policy.order_obstacle(unit, subscription, None if kind == "none" else kind, 1)
    return back(account, "subscriptions-title")


@bp.post("/panel/<account>/charges/<charge_id>")
def act_on_charge(account: str, charge_id: str) -> Response:
    """Refund a payment, or have it contested or asked about by the bank."""
    action = request.form.get("action")
    with engine().unit(account) as unit:
        charge = unit.get("charge", charge_id)
        clocks.enter(unit, charge)
        if action == "refund":
            refunds.create(unit, {"charge": charge_id} | _amount(charge))
        elif action in ("dispute", "inquire"):
            kind = Dispute("fraudulent", is_inquiry=action == "inquire")
            disputing.open_dispute(unit, charge, kind)
        else:
            raise ApiError("Choose what is to happen to the payment.")
    return back(account, "payments-title")


@bp.post("/panel/<account>/disputes/<dispute_id>")
def close_dispute(account: str, dispute_id: str) -> Response:
    """The bank decides a dispute, or makes an inquiry one."""
    action = request.form.get("action", "")
    with engine().unit(account) as unit:
        dispute = unit.get("dispute", dispute_id)
        clocks.enter(unit, unit.get("charge", dispute["charge"]))
        if action == "escalate":
            disputing.escalate(unit, dispute)
        else:
            disputing.close(unit, dispute, action)
    return back(account, "payments-title")


def _amount(charge: Json) -> Json:
    """What was typed (4.50); nothing stands for all that is left."""
    typed = request.form.get("amount", "").strip()
    if not typed:
        return {}
    code = charge["currency"].upper()
    if not _AMOUNT.match(typed):
        raise ApiError(f"{typed} is no amount of {code}.")
    return {"amount": int(Decimal(typed).scaleb(get_currency_precision(code)))}
