"""A checkout session is paid: what is made, and which events in which order."""

from dataclasses import replace
from enum import StrEnum
from typing import NamedTuple

from billing.sandbox import (
    discounting,
    invoicing,
    payments,
    renewing,
    session_terms,
    subscribing,
)
from billing.sandbox.cards import NOT_AUTHENTICATED, Decline, TestCard
from billing.sandbox.contract import Json
from billing.sandbox.payments import Payer
from billing.sandbox.resources.customers import new_fields
from billing.sandbox.unit import Unit


class Result(StrEnum):
    """How an attempt to pay ended."""

    PAID = "paid"
    PROCESSING = "processing"
    DECLINED = "declined"
    NEEDS_AUTHENTICATION = "needs_authentication"


class Attempt(NamedTuple):
    """An attempt to pay a session: its result, and why not."""

    result: Result
    decline: Decline | None = None


class _Payment(NamedTuple):
    """What one charge consists of."""

    intent: Json
    charge: Json
    method: Json
    is_new_intent: bool


class Purchase:
    """One buyer paying one session with one card."""

    def __init__(self, unit: Unit, session: Json, card: TestCard, payer: Payer) -> None:
        self.unit, self.session, self.card = unit, session, card
        self.private = unit.objects.private(session["id"])
        self.items: list[Json] = self.private["line_items"]
        self.is_subscription = session["mode"] == "subscription"
        self.amount: int = session["amount_total"] or 0
        self.is_late = card.pays_later and self.amount > 0
        self.payer = self._known_email(payer)

    def run(self) -> Attempt:
        if self.card.decline:
            return self.refuse(self.card.decline)
        if self.card.needs_authentication and self.amount:
            return self._ask_bank()
        return self.succeed()

    def _ask_bank(self) -> Attempt:
        intent, is_new = self._intent()
        if is_new:
            self.unit.emit("payment_intent.created", intent)
        method = payments.create_method(self.unit, self.card, self.payer, None)
        action = {"type": "use_stripe_sdk", "use_stripe_sdk": {}}
        waiting = {"next_action": action, "payment_method": method["id"],
                   "status": "requires_action"}  # fmt: skip
        self.unit.emit("payment_intent.requires_action", self.unit.change(intent, waiting))
        return Attempt(Result.NEEDS_AUTHENTICATION)

    def refuse(self, decline: Decline) -> Attempt:
        """The card is declined: the session stays open."""
        if not self.amount:
            return Attempt(Result.DECLINED, decline)
        unit, (intent, is_new) = self.unit, self._intent()
        if is_new:
            unit.emit("payment_intent.created", intent)
        method = payments.create_method(unit, self.card, self.payer, None)
        charge_id = None
        if decline is not NOT_AUTHENTICATED:
            charge = payments.charge(unit, intent, method, "failed", **payments.failure(decline))
            charge_id = charge["id"]
            unit.emit("charge.failed", charge)
        failed = {
            "last_payment_error": payments.payment_error(decline, charge_id, method),
            "latest_charge": charge_id or intent["latest_charge"],
            "next_action": None,
            "payment_method": None,
            "status": "requires_payment_method",
        }
        unit.emit("payment_intent.payment_failed", unit.change(intent, failed))
        return Attempt(Result.DECLINED, decline)

    def succeed(self) -> Attempt:
        """Make everything that the session sold, with the events in the order of Stripe's."""
        if self.is_subscription:
            self._subscribe()
        else:
            self._sell()
        return Attempt(Result.PROCESSING if self.is_late else Result.PAID)

    def _sell(self) -> None:
        unit, (customer, is_new_customer) = self.unit, self._customer()
        payment = self._pay(customer) if self.amount else None
        if payment:
            self._emit_charge(payment)
            self._emit_intent(payment)
        if customer and is_new_customer:
            unit.emit("customer.created", customer)
        ids = self._redeem(customer, {"checkout_session": self.session["id"]})
        invoice = None
        if customer and self.private.get("invoice_creation", {}).get("enabled"):
            lines = [subscribing.once_line(unit, item) for item in self.items]
            fields = {"billing_reason": "manual", "discounts": ids,
                      "automatic_tax": self.session["automatic_tax"]}  # fmt: skip
            invoice = invoicing.create_draft(unit, customer, lines, fields)
        self._complete(customer, {
            "invoice": invoice and invoice["id"],
            "payment_intent": payment and payment.intent["id"],
        })  # fmt: skip
        if invoice:
            self._collect(invoice, payment)
        if payment and not self.is_late:
            settled = {"balance_transaction": f"txn_{payment.charge['id'][3:]}"}
            unit.change(payment.charge, settled, "charge.updated")

    def _subscribe(self) -> None:
        unit, (customer, is_new_customer) = self.unit, self._customer()
        assert customer is not None
        payment = self._pay(customer) if self.amount else None
        if payment:
            self._emit_charge(payment)
        method = payment.method if payment else self._set_up(customer)
        unit.emit("payment_method.attached", method)
        if is_new_customer:
            unit.emit("customer.created", customer)
        currency = {"currency": self.session["currency"]}
        customer = unit.change(customer, currency, "customer.updated")
        data = self.private.get("subscription_data", {})
        subscription = subscribing.create(unit, customer["id"], self.items, data)
        ids = self._redeem(customer, {"subscription": subscription["id"]})
        tax = {name: self.session["automatic_tax"][name] for name in ("enabled", "liability")}
        terms = {"automatic_tax": subscription["automatic_tax"] | tax, "discounts": ids}
        subscription = unit.change(subscription, terms)
        lines = subscribing.invoice_lines(unit, subscription, self.items)
        parent = subscribing.invoice_parent(subscription)
        invoice = invoicing.create_draft(
            unit, customer, lines, {"billing_reason": "subscription_create", "parent": parent}
        )
        links = {"default_payment_method": method["id"], "latest_invoice": invoice["id"]}
        subscription = unit.change(subscription, links)
        renewing.begin(unit, subscription)
        self._complete(customer, {"invoice": invoice["id"], "subscription": subscription["id"]})
        unit.emit("customer.subscription.created", subscription)
        if payment:
            self._emit_intent(payment)
        self._collect(invoice, payment)

    def _known_email(self, payer: Payer) -> Payer:
        """A session for a known customer or address keeps its own e-mail."""
        known = (self.session["customer_details"] or {}).get("email")
        return replace(payer, email=known) if known else payer

    def _customer(self) -> tuple[Json | None, bool]:
        """The buyer, and whether Checkout made them just now; None for a guest."""
        if self.session["customer"]:
            return self._updated_customer(), False
        if self.session["customer_creation"] != "always":
            return None, False
        fields = {"address": self.payer.address, "email": self.payer.email, "metadata": {},
                  "name": self.payer.name}  # fmt: skip
        return self.unit.create("customer", new_fields() | fields), True

    def _updated_customer(self) -> Json:
        """The known customer, with the address or name that the session was to save."""
        customer = self.unit.get("customer", self.session["customer"])
        wanted = self.private.get("customer_update", {})
        typed = {"address": self.payer.address, "name": self.payer.name}
        changes = {name: typed[name] for name in typed if wanted.get(name) == "auto"}
        return self.unit.change(customer, changes, "customer.updated")

    def _redeem(self, customer: Json | None, owner: Json) -> list[str]:
        """Make the session's coupons discounts of what it sold."""
        found = session_terms.redeemed(self.unit, self.private)
        return discounting.redeem(
            self.unit, found, owner | {"customer": customer and customer["id"]}
        )

    def _intent(self) -> tuple[Json, bool]:
        """The session's payment intent: made at the first attempt, used again by the next."""
        if "payment_intent" in self.private:
            known = self.unit.get("payment_intent", self.private["payment_intent"])
            return self.unit.change(known, {"amount": self.amount}), False
        data = self.private.get("payment_intent_data", {})
        fields = {
            "amount": self.amount,
            "currency": self.session["currency"],
            "customer": self.session["customer"],
            "description": data.get("description"),
            "metadata": data.get("metadata", {}),
            "receipt_email": data.get("receipt_email"),
            "setup_future_usage": data.get("setup_future_usage"),
        }
        if self.is_subscription:
            fields |= {"description": "Subscription creation", "setup_future_usage": "off_session"}
        intent = payments.create_intent(self.unit, fields)
        self.private["payment_intent"] = intent["id"]
        self.unit.objects.set_private(self.session["id"], self.private)
        return intent, True

    def _pay(self, customer: Json | None) -> _Payment:
        """Charge the card, or start the debit of a method that pays later."""
        intent, is_new = self._intent()
        customer_id: str | None = customer["id"] if customer else None
        is_saved = intent["setup_future_usage"] is not None
        method = payments.create_method(
            self.unit, self.card, self.payer, customer_id if is_saved else None
        )
        intent = self.unit.change(intent, {"customer": customer_id})
        status = "pending" if self.is_late else "succeeded"
        charge = payments.charge(self.unit, intent, method, status)
        changes = {
            "amount_received": 0 if self.is_late else self.amount,
            "last_payment_error": None,
            "latest_charge": charge["id"],
            "next_action": None,
            "payment_method": method["id"],
            "payment_method_types": [method["type"]],
            "status": "processing" if self.is_late else "succeeded",
        }
        return _Payment(self.unit.change(intent, changes), charge, method, is_new)

    def _set_up(self, customer: Json) -> Json:
        """Nothing is due now: keep the card for later by a setup intent."""
        method = payments.create_method(self.unit, self.card, self.payer, customer["id"])
        payments.create_setup(self.unit, customer["id"], method)
        return method

    def _emit_charge(self, payment: _Payment) -> None:
        self.unit.emit("charge.pending" if self.is_late else "charge.succeeded", payment.charge)

    def _emit_intent(self, payment: _Payment) -> None:
        """A subscription's intent is announced before it succeeds, a single payment's after."""
        done = "payment_intent.processing" if self.is_late else "payment_intent.succeeded"
        types = ["payment_intent.created"] if payment.is_new_intent else []
        for event in [*types, done] if self.is_subscription else [done, *types]:
            self.unit.emit(event, payment.intent)

    def _complete(self, customer: Json | None, links: Json) -> None:
        is_paid = "paid" if self.amount else "no_payment_required"
        details = self.payer.billing_details
        changes = {
            "customer": customer and customer["id"],
            "customer_details": {
                "address": details["address"],
                "business_name": None,
                "email": details["email"],
                "individual_name": None,
                "name": details["name"],
                "phone": None,
                "tax_exempt": "none",
                "tax_ids": [],
            },
            "payment_status": "unpaid" if self.is_late else is_paid,
            "status": "complete",
            "url": None,
        }
        session = self.unit.change(self.session, changes | links)
        self.unit.emit("checkout.session.completed", session)

    def _collect(self, invoice: Json, payment: _Payment | None) -> None:
        """Finalize the invoice and, unless the money comes later, mark it paid."""
        self.unit.emit("invoice.created", invoice)
        invoice = invoicing.finalize(self.unit, invoice)
        if payment:
            invoicing.add_payment(self.unit, invoice, payment.intent)
        if not self.is_late:
            invoicing.pay(self.unit, invoice)
