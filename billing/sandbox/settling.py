"""What becomes of a session later: it expires unpaid, or its late payment arrives or fails."""

from billing.sandbox import invoicing, payments
from billing.sandbox.cards import DEBIT_REFUSED
from billing.sandbox.contract import Json
from billing.sandbox.errors import ApiError
from billing.sandbox.timers import timer
from billing.sandbox.unit import Unit


def settle(unit: Unit, session: Json, *, succeeded: bool) -> Json:
    """End a payment that was made later than the order: the money came, or did not."""
    if session["status"] != "complete" or session["payment_status"] != "unpaid":
        raise ApiError(f"{session['id']} waits for no payment.")
    private = unit.objects.private(session["id"])
    intent = unit.get("payment_intent", private["payment_intent"])
    charge = unit.get("charge", intent["latest_charge"])
    invoice = unit.get("invoice", session["invoice"]) if session["invoice"] else None
    if succeeded:
        _collect(unit, intent, charge, invoice)
        session = unit.change(session, {"payment_status": "paid"})
        unit.emit("checkout.session.async_payment_succeeded", session)
        return session
    _fail(unit, intent, charge, invoice)
    if session["subscription"]:
        subscription = unit.get("subscription", session["subscription"])
        unit.change(subscription, {"status": "past_due"}, "customer.subscription.updated")
    unit.emit("checkout.session.async_payment_failed", session)
    return session


def _collect(unit: Unit, intent: Json, charge: Json, invoice: Json | None) -> None:
    captured = {"status": "succeeded", "amount_captured": charge["amount"]}
    unit.emit("charge.succeeded", unit.change(charge, captured))
    received = {"status": "succeeded", "amount_received": intent["amount"], "processing": None}
    unit.emit("payment_intent.succeeded", unit.change(intent, received))
    if invoice:
        invoicing.pay(unit, invoice)


def expire(unit: Unit, session: Json) -> Json:
    """Close a session that was not paid."""
    session = unit.change(session, {"status": "expired", "url": None})
    unit.emit("checkout.session.expired", session)
    return session


@timer("expire_session")
def _expire_in_time(unit: Unit, session_id: str) -> None:
    session = unit.get("checkout.session", session_id)
    if session["status"] == "open":
        expire(unit, session)


@timer("settle_payment")
def _settle_in_time(unit: Unit, session_id: str) -> None:
    _settle_if_waiting(unit, session_id, succeeded=True)


@timer("fail_payment")
def _fail_in_time(unit: Unit, session_id: str) -> None:
    _settle_if_waiting(unit, session_id, succeeded=False)


def _settle_if_waiting(unit: Unit, session_id: str, *, succeeded: bool) -> None:
    session = unit.get("checkout.session", session_id)
    if session["payment_status"] == "unpaid":
        settle(unit, session, succeeded=succeeded)


def _fail(unit: Unit, intent: Json, charge: Json, invoice: Json | None) -> None:
    method = unit.get("payment_method", intent["payment_method"])
    error = payments.payment_error(DEBIT_REFUSED, charge["id"], method)
    failed = {"last_payment_error": error, "payment_method": None, "processing": None,
              "status": "requires_payment_method"}  # fmt: skip
    unit.emit("payment_intent.payment_failed", unit.change(intent, failed))
    refused = {"status": "failed", "paid": False} | payments.failure(DEBIT_REFUSED)
    unit.emit("charge.failed", unit.change(charge, refused))
    if invoice:
        invoicing.fail(unit, invoice)
