"""`/_control/` about money that was paid: what happens in a dashboard or at a bank."""

from billing.sandbox import disputing, setups
from billing.sandbox.api import engine
from billing.sandbox.cards import Dispute
from billing.sandbox.contract import Json
from billing.sandbox.control import body, control_blueprint, for_account
from billing.sandbox.errors import invalid
from billing.sandbox.resources import refunds
from billing.sandbox.unit import Unit

bp = control_blueprint("control_money")


@bp.post("/charges/<charge_id>/dispute")
@for_account
def dispute(account: str, charge_id: str) -> Json:
    """Contest a charge: `reason`, `inquiry` (true asks only), `amount` in minor units."""
    given = body()
    kind = Dispute(given.get("reason", "fraudulent"), is_inquiry=bool(given.get("inquiry")))
    with engine().unit(account) as unit:
        charge = charge_of(unit, charge_id)
        return disputing.open_dispute(unit, charge, kind, _amount(given))


@bp.post("/charges/<charge_id>/refund")
@for_account
def refund(account: str, charge_id: str) -> Json:
    """Refund as from the dashboard: `amount` in minor units, or all that is left; `reason`."""
    given = body()
    params = {name: given[name] for name in ("amount", "reason") if name in given}
    with engine().unit(account) as unit:
        charge = charge_of(unit, charge_id)
        return refunds.create(unit, params | {"charge": charge["id"]})


@bp.post("/refunds/<refund_id>/fail")
@for_account
def fail_refund(account: str, refund_id: str) -> Json:
    """The bank sends a refund back."""
    with engine().unit(account) as unit:
        return refunds.fail(unit, unit.get("refund", refund_id, param="refund"))


@bp.post("/disputes/<dispute_id>/close")
@for_account
def close_dispute(account: str, dispute_id: str) -> Json:
    """The bank decides: `status` is `won`, `lost` or, for an inquiry, `warning_closed`."""
    with engine().unit(account) as unit:
        found = unit.get("dispute", dispute_id, param="dispute")
        return disputing.close(unit, found, str(body().get("status", "")))


@bp.post("/disputes/<dispute_id>/escalate")
@for_account
def escalate_dispute(account: str, dispute_id: str) -> Json:
    """An inquiry becomes a chargeback."""
    with engine().unit(account) as unit:
        return disputing.escalate(unit, unit.get("dispute", dispute_id, param="dispute"))


@bp.post("/setup_intents/<setup_intent_id>/authenticate")
@for_account
def authenticate_setup(account: str, setup_intent_id: str) -> Json:
    """Answer the bank's question about a setup intent: `approved`, true or false."""
    with engine().unit(account) as unit:
        setup = unit.get("setup_intent", setup_intent_id, param="intent")
        return setups.authenticate(unit, setup, approved=bool(body().get("approved", True)))


def charge_of(unit: Unit, object_id: str) -> Json:
    """The charge of this id, or the last one of a payment intent."""
    intent = unit.objects.find(object_id)
    if intent and intent["object"] == "payment_intent" and intent["latest_charge"]:
        object_id = intent["latest_charge"]
    return unit.get("charge", object_id, param="charge")


def _amount(given: Json) -> int | None:
    amount = given.get("amount")
    if amount is not None and not isinstance(amount, int):
        raise invalid(f"Invalid integer: {amount}", "amount", "parameter_invalid_integer")
    return amount
