"""Invoices of subscriptions: numbered, charged, refused by the bank."""

from enum import StrEnum
from typing import NamedTuple

from billing.sandbox import balances, invoicing, payments, policy
from billing.sandbox.cards import DECLINED, NOT_AUTHENTICATED, Decline, card_error
from billing.sandbox.contract import Json
from billing.sandbox.errors import ApiError
from billing.sandbox.unit import Unit


class Outcome(StrEnum):
    """How an attempt to collect an invoice ended."""

    PAID = "paid"
    FAILED = "failed"
    NEEDS_ACTION = "needs_action"


class Attempt(NamedTuple):
    """An attempt to collect: the invoice after it, and the error that a caller would get."""

    outcome: Outcome
    invoice: Json
    error: ApiError | None = None

    @property
    def is_paid(self) -> bool:
        return self.outcome is Outcome.PAID


def finalize(unit: Unit, invoice: Json) -> Json:
    """Use the balance, number it and make its payment; with nothing left to pay it is paid."""
    customer = unit.get("customer", invoice["customer"])
    due = balances.due(customer, invoice["total"], invoice["currency"])
    invoice = unit.change(invoice, due | {"automatically_finalizes_at": None})
    invoice = invoicing.finalize(unit, invoice)
    balances.settle(unit, invoice)
    if not invoice["amount_due"]:
        return invoicing.pay(unit, invoice)
    fields = {
        "amount": invoice["amount_due"],
        "currency": invoice["currency"],
        "customer": invoice["customer"],
        "description": _DESCRIPTIONS.get(invoice["billing_reason"], "Payment for Invoice"),
        "setup_future_usage": "off_session",
    }
    intent = payments.create_intent(unit, fields)
    invoicing.add_payment(unit, invoice, intent)
    unit.emit("payment_intent.created", intent)
    return invoice


_DESCRIPTIONS = {
    "subscription_create": "Subscription creation",
    "subscription_update": "Subscription update",
}


def attempt(unit: Unit, invoice: Json, *, method_id: str | None = None, retry: bool) -> Attempt:
    """Charge an open invoice. With `retry` a failure counts and sets the time of the next."""
    if invoice["status"] == "paid":
        return Attempt(Outcome.PAID, invoice)
    intent = intent_of(unit, invoice)
    method = method_for(unit, invoice, method_id)
    if method is None:
        return Attempt(Outcome.FAILED, _note_failure(unit, invoice, retry=retry), _no_method())
    obstacle = _obstacle(unit, invoice, method)
    if obstacle is NOT_AUTHENTICATED:
        return _ask_bank(unit, invoice, (intent, method), retry=retry)
    if obstacle:
        return _refuse(unit, invoice, (intent, method, obstacle), retry=retry)
    return Attempt(Outcome.PAID, take(unit, invoice, intent, method))


def take(unit: Unit, invoice: Json, intent: Json, method: Json) -> Json:
    """The bank pays: the intent succeeds and the invoice is paid."""
    charge = payments.charge(unit, intent, method, "succeeded")
    unit.emit("charge.succeeded", charge)
    changes = {
        "amount_received": intent["amount"],
        "last_payment_error": None,
        "latest_charge": charge["id"],
        "next_action": None,
        "payment_method": method["id"],
        "payment_method_types": [method["type"]],
        "status": "succeeded",
    }
    unit.emit("payment_intent.succeeded", unit.change(intent, changes))
    _keep_method(unit, invoice, method)
    return invoicing.pay(unit, invoice)


def _keep_method(unit: Unit, invoice: Json, method: Json) -> None:
    """What paid becomes the subscription's own method, where that was asked for."""
    subscription = subscription_of(unit, invoice)
    if subscription is None or subscription["default_payment_method"]:
        return
    if subscription["payment_settings"]["save_default_payment_method"] == "on_subscription":
        unit.change(subscription, {"default_payment_method": method["id"]})


def intent_of(unit: Unit, invoice: Json) -> Json:
    """The payment intent that an open invoice waits for."""
    links = unit.objects.all("invoice_payment", invoice=invoice["id"], status="open")
    return unit.get("payment_intent", links[-1]["payment"]["payment_intent"])


def method_for(unit: Unit, invoice: Json, method_id: str | None = None) -> Json | None:
    """What an invoice is charged to: the subscription's method, else the customer's default."""
    chosen = method_id or invoice["default_payment_method"]
    if chosen:
        return unit.objects.find(chosen)
    subscription = subscription_of(unit, invoice)
    return method_of(unit, subscription or invoice)


def method_of(unit: Unit, owner: Json) -> Json | None:
    """The payment method of a subscription or invoice, else its customer's default."""
    customer = unit.get("customer", owner["customer"])
    default = customer["invoice_settings"]["default_payment_method"]
    return unit.objects.find(owner["default_payment_method"] or default or "")


def subscription_of(unit: Unit, invoice: Json) -> Json | None:
    """The subscription that an invoice is for."""
    details = (invoice["parent"] or {}).get("subscription_details")
    return unit.get("subscription", details["subscription"]) if details else None


def _obstacle(unit: Unit, invoice: Json, method: Json) -> Decline | None:
    """Why the bank will not pay now; `NOT_AUTHENTICATED` when it asks the customer first."""
    subscription = subscription_of(unit, invoice)
    ordered = policy.ordered_obstacle(unit, subscription) if subscription else None
    if ordered:
        return ordered
    card = payments.card_of(unit, method["id"])
    if card is None:
        return None
    if card.needs_authentication:
        return NOT_AUTHENTICATED
    return card.decline or (DECLINED if card.fails_at_renewal else None)


def _ask_bank(unit: Unit, invoice: Json, payment: tuple[Json, Json], *, retry: bool) -> Attempt:
    intent, method = payment
    action = {"type": "use_stripe_sdk", "use_stripe_sdk": {}}
    waiting = {
        "next_action": action,
        "payment_method": method["id"],
        "status": "requires_action",
    }
    intent = unit.change(intent, waiting)
    unit.emit("payment_intent.requires_action", intent)
    unit.emit("invoice.payment_action_required", invoice)
    invoice = _note_failure(unit, invoice, retry=retry)
    error = ApiError(
        "This payment requires additional user action before it can be completed successfully. "
        "Payment can be completed using the PaymentIntent associated with the invoice.",
        status=402,
        kind="card_error",
        code="invoice_payment_intent_requires_action",
        details={"payment_intent": intent},
        is_kept=True,
    )
    return Attempt(Outcome.NEEDS_ACTION, invoice, error)


def _refuse(
    unit: Unit, invoice: Json, payment: tuple[Json, Json, Decline], *, retry: bool
) -> Attempt:
    intent, method, decline = payment
    charge = payments.charge(unit, intent, method, "failed", **payments.failure(decline))
    unit.emit("charge.failed", charge)
    failed = {
        "last_payment_error": payments.payment_error(decline, charge["id"], method),
        "latest_charge": charge["id"],
        "next_action": None,
        "payment_method": None,
        "status": "requires_payment_method",
    }
    intent = unit.change(intent, failed)
    unit.emit("payment_intent.payment_failed", intent)
    invoice = _note_failure(unit, invoice, retry=retry)
    error = card_error(decline, charge=charge["id"], payment_intent=intent, payment_method=method)
    return Attempt(Outcome.FAILED, invoice, error)


def _note_failure(unit: Unit, invoice: Json, *, retry: bool) -> Json:
    """The first attempt counts, and then only those that Stripe makes by itself."""
    if invoice["attempt_count"] and not retry:
        unit.emit("invoice.payment_failed", invoice)
        return invoice
    at = policy.next_attempt(unit, invoice) if retry else None
    if at is not None:
        unit.schedule("retry_invoice", invoice["id"], at)
    return invoicing.fail(unit, invoice, at)


def _no_method() -> ApiError:
    return ApiError(
        "There is no `default_payment_method` set on this Customer or Invoice. Please set a "
        "`default_payment_method` first.",
        code="resource_missing",
    )
