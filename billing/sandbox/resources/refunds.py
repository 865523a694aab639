"""/v1/refunds: card refunds succeed at once; some are sent back later."""

from billing.sandbox import disputing
from billing.sandbox.amounts import money
from billing.sandbox.contract import Json
from billing.sandbox.errors import ApiError, invalid, not_served, parameter_missing
from billing.sandbox.lists import Query
from billing.sandbox.metadata import merged
from billing.sandbox.payments import card_of
from billing.sandbox.routing import serves
from billing.sandbox.timers import timer
from billing.sandbox.unit import Unit

_SERVED = {"amount", "charge", "payment_intent", "metadata", "reason"}


@serves("POST /v1/refunds")
def create(unit: Unit, params: Json) -> Json:
    for name in params:
        if name not in _SERVED:
            raise not_served(name, name)
    charge = _charge(unit, params)
    disputing.refuse_if_charged_back(unit, charge)
    amount = _amount(charge, params)
    refund = unit.create("refund", {
        "amount": amount,
        "balance_transaction": f"txn_{charge['id'][3:]}",
        "charge": charge["id"],
        "currency": charge["currency"],
        "customer": charge["customer"],
        "destination_details": {"card": {"type": "refund"}, "type": "card"},
        "metadata": merged(None, params.get("metadata")),
        "payment_intent": charge["payment_intent"],
        "payment_method": charge["payment_method"],
        "reason": params.get("reason"),
        "status": "succeeded",
    })  # fmt: skip
    unit.emit("refund.created", refund)
    total = charge["amount_refunded"] + amount
    unit.change(
        charge, {"amount_refunded": total, "refunded": total == charge["amount"]}, "charge.refunded"
    )
    unit.emit("refund.updated", refund, {"destination_details": {}})
    unit.emit("charge.refund.updated", refund, {"destination_details": {}})
    card = card_of(unit, charge["payment_method"])
    if card and card.refund_fails:
        unit.schedule("fail_refund", refund["id"], 0)
    return refund


@timer("fail_refund")
def _fail_in_time(unit: Unit, refund_id: str) -> None:
    fail(unit, unit.get("refund", refund_id))


def fail(unit: Unit, refund: Json) -> Json:
    """The bank sends the money back: what was refunded is owed again."""
    if refund["status"] not in ("succeeded", "pending"):
        raise ApiError(f"{refund['id']} is {refund['status']}: it cannot fail.")
    changes = {
        "failure_balance_transaction": f"txn_{refund['id'][3:]}",
        "failure_reason": "unknown",
        "status": "failed",
    }
    refund = unit.change(refund, changes, "refund.updated")
    unit.emit("charge.refund.updated", refund, {"failure_reason": None, "status": "succeeded"})
    unit.emit("refund.failed", refund)
    charge = unit.get("charge", refund["charge"])
    left = charge["amount_refunded"] - refund["amount"]
    unit.change(charge, {"amount_refunded": left, "refunded": False}, "charge.updated")
    return refund


@serves("GET /v1/refunds/{refund}")
def retrieve(unit: Unit, _params: Json, refund_id: str) -> Json:
    return unit.get("refund", refund_id, param="refund")


@serves("GET /v1/refunds")
def list_(unit: Unit, params: Json) -> Json:
    query = Query(unit, "refund", params).equal(charge="charge", payment_intent="payment_intent")
    return query.ranged("created").page("/v1/refunds")


def _charge(unit: Unit, params: Json) -> Json:
    if "charge" in params:
        return unit.referenced("charge", params["charge"], "charge")
    if "payment_intent" not in params:
        raise parameter_missing("payment_intent")
    intent = unit.referenced("payment_intent", params["payment_intent"], "payment_intent")
    if intent["status"] != "succeeded":
        raise ApiError(f"This PaymentIntent ({intent['id']}) does not have a successful charge "
                       "to refund.")  # fmt: skip
    return unit.get("charge", intent["latest_charge"])


def _amount(charge: Json, params: Json) -> int:
    left = charge["amount"] - charge["amount_refunded"]
    if charge["status"] != "succeeded" or left <= 0:
        raise ApiError(
            f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded"
        )
    amount = int(params.get("amount", left))
    if amount < 1:
        raise invalid("Invalid positive integer", "amount", "parameter_invalid_integer")
    if amount > left:
        wanted, most = (money(minor, charge["currency"]) for minor in (amount, left))
        raise invalid(
            f"Refund amount ({wanted}) is greater than unrefunded amount on charge ({most})",
            "amount",
        )
    return amount
