"""An invoice's payment that its customer makes: with another card, or by an answer to the bank."""

from billing.sandbox import clocks, collecting, payments, standing
from billing.sandbox.cards import NOT_AUTHENTICATED
from billing.sandbox.contract import Json
from billing.sandbox.errors import ApiError
from billing.sandbox.unit import Unit


def invoice_of(unit: Unit, intent: Json) -> Json:
    """The open invoice that an intent is to pay."""
    for link in unit.objects.all("invoice_payment", status="open"):
        if link["payment"]["payment_intent"] == intent["id"]:
            return unit.get("invoice", link["invoice"])
    raise ApiError(
        f"This PaymentIntent's status is {intent['status']}: the sandbox confirms those of open "
        "invoices only.",
        code="payment_intent_unexpected_state",
    )


def pay(unit: Unit, invoice: Json, method_id: str | None) -> collecting.Attempt:
    """Try the payment of an open invoice now, and have its subscription follow."""
    attempt = collecting.attempt(unit, invoice, method_id=method_id, retry=False)
    if attempt.is_paid:
        standing.after_payment(unit, attempt.invoice)
    else:
        standing.after_failure(unit, attempt.invoice)
    return attempt


def answer_bank(unit: Unit, intent: Json, *, approved: bool) -> Json:
    """What the customer told the bank that asked: the invoice is paid, or the attempt failed."""
    clocks.enter(unit, intent)
    if intent["status"] != "requires_action":
        raise ApiError(f"{intent['id']} waits for no confirmation.")
    invoice = invoice_of(unit, intent)
    method = unit.get("payment_method", intent["payment_method"])
    if approved:
        invoice = collecting.take(unit, invoice, intent, method)
        standing.after_payment(unit, invoice)
        return unit.get("payment_intent", intent["id"])
    error = payments.payment_error(NOT_AUTHENTICATED, None, method)
    failed = {
        "last_payment_error": error,
        "next_action": None,
        "payment_method": None,
        "status": "requires_payment_method",
    }
    intent = unit.change(intent, failed)
    unit.emit("payment_intent.payment_failed", intent)
    unit.emit("invoice.payment_failed", invoice)
    return intent


def confirm(unit: Unit, intent: Json, method_id: str | None) -> Json:
    """`payment_intents.confirm`: a card that asks the bank waits for its customer's answer."""
    attempt = pay(unit, invoice_of(unit, intent), method_id)
    if attempt.outcome is collecting.Outcome.FAILED and attempt.error:
        raise attempt.error
    return unit.get("payment_intent", intent["id"])
