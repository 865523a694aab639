"""Payment methods, payment intents and charges: what one attempt to pay makes of them."""

from dataclasses import dataclass

from billing.sandbox.cards import Decline, TestCard, find_card
from billing.sandbox.contract import Json
from billing.sandbox.ids import new_id, token
from billing.sandbox.unit import Unit

BANK_NAME = "SANDBOX TEST BANK"
EXPIRY_MONTH, EXPIRY_YEAR = 12, 2034


@dataclass(frozen=True, kw_only=True)
class Payer:
    """What the buyer typed beside the card."""

    email: str | None = None
    name: str | None = None
    country: str | None = "US"
    postal_code: str | None = None
    expiry: tuple[int, int] = (EXPIRY_MONTH, EXPIRY_YEAR)

    @property
    def address(self) -> Json:
        empty = dict.fromkeys(("city", "line1", "line2", "state"))
        return empty | {"country": self.country, "postal_code": self.postal_code}

    @property
    def billing_details(self) -> Json:
        return {
            "address": self.address,
            "email": self.email,
            "name": self.name,
            "phone": None,
            "tax_id": None,
        }


def create_method(unit: Unit, card: TestCard, payer: Payer, customer: str | None) -> Json:
    """A payment method for this card, attached to the customer if there is one."""
    fields: Json = {
        "allow_redisplay": "limited",
        "billing_details": payer.billing_details,
        "customer": customer,
        "metadata": {},
        "type": method_type(card),
        method_type(card): _bank(card) if card.pays_later else _card(card, payer),
    }
    return unit.create("payment_method", fields, {"card": card.number})


def method_type(card: TestCard) -> str:
    return "us_bank_account" if card.pays_later else "card"


def _card(card: TestCard, payer: Payer) -> Json:
    postal_check = "pass" if payer.postal_code else None
    checks = {"address_line1_check": None, "address_postal_code_check": postal_check}
    networks = {"available": [card.brand], "preferred": None}
    return {
        "brand": card.brand,
        "checks": checks | {"cvc_check": "pass"},
        "country": "US",
        "display_brand": card.brand,
        "exp_month": payer.expiry[0],
        "exp_year": payer.expiry[1],
        "fingerprint": f"{card.brand}{card.last4}Fingerprint"[:16],
        "funding": "credit",
        "generated_from": None,
        "last4": card.last4,
        "networks": networks,
        "regulated_status": "unregulated",
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }


def _bank(card: TestCard) -> Json:
    return {
        "account_holder_type": "individual",
        "account_type": "checking",
        "bank_name": BANK_NAME,
        "financial_connections_account": None,
        "fingerprint": f"bank{card.last4}",
        "last4": card.last4,
        "networks": {"preferred": "ach", "supported": ["ach"]},
        "routing_number": "110000000",
        "status_details": {},
    }


def create_intent(unit: Unit, fields: Json) -> Json:
    """A payment intent that waits for a payment method; nothing is emitted yet."""
    intent_id = new_id("payment_intent")
    defaults: Json = {
        "id": intent_id,
        "amount_details": {"tip": {}},
        "automatic_payment_methods": None,
        "capture_method": "automatic_async",
        "client_secret": f"{intent_id}_secret_{token(25)}",
        "payment_method_types": ["card"],
        "status": "requires_payment_method",
    }
    return unit.create("payment_intent", defaults | fields)


def charge(unit: Unit, intent: Json, method: Json, status: str, **more: object) -> Json:
    """Store the charge of one attempt: `succeeded`, `pending` or `failed`."""
    is_taken = status in ("succeeded", "pending")
    charge_id = new_id("charge")
    receipt = f"{unit.base_url}/receipts/{charge_id}" if is_taken else None
    fields: Json = {
        "id": charge_id,
        "amount": intent["amount"],
        "amount_captured": intent["amount"] if status == "succeeded" else 0,
        "billing_details": method["billing_details"],
        "calculated_statement_descriptor": "SANDBOX",
        "captured": is_taken,
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "fraud_details": {},
        "metadata": intent["metadata"],
        "outcome": outcome(None),
        "paid": is_taken,
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": _details(method, intent["amount"]),
        "radar_options": {},
        "receipt_email": intent["receipt_email"],
        "receipt_url": receipt,
        "status": status,
    }
    body = unit.create("charge", fields | more)
    card = card_of(unit, method["id"])
    if status == "succeeded" and card and card.dispute:
        unit.schedule("dispute_charge", charge_id, 0)
    return body


def card_of(unit: Unit, method_id: str) -> TestCard | None:
    """The test card that a payment method was made from."""
    return find_card(unit.objects.private(method_id).get("card", ""))


def create_setup(unit: Unit, customer_id: str, method: Json) -> Json:
    """A setup intent that kept this method for later payments, with its events."""
    setup_id = new_id("setup_intent")
    fields: Json = {
        "id": setup_id,
        "client_secret": f"{setup_id}_secret_{token(25)}",
        "customer": customer_id,
        "metadata": {},
        "payment_method": method["id"],
        "payment_method_types": [method["type"]],
        "status": "succeeded",
        "usage": "off_session",
    }
    setup = unit.create("setup_intent", fields)
    unit.emit("setup_intent.created", setup)
    unit.emit("setup_intent.succeeded", setup)
    return setup


def failure(decline: Decline) -> Json:
    """The fields of a failed charge."""
    return {
        "failure_code": decline.code,
        "failure_message": decline.message,
        "outcome": outcome(decline),
    }


def outcome(decline: Decline | None) -> Json:
    declined = decline is not None
    return {
        "advice_code": "try_again_later" if declined else None,
        "network_advice_code": None,
        "network_decline_code": "01" if declined else None,
        "network_status": "declined_by_network" if declined else "approved_by_network",
        "reason": decline.decline_code or decline.code if decline else None,
        "risk_level": "normal",
        "risk_score": 20,
        "seller_message": decline.message if decline else "Payment complete.",
        "type": "issuer_declined" if declined else "authorized",
    }


def payment_error(decline: Decline, charge_id: str | None, method: Json) -> Json:
    """`last_payment_error` of the intent."""
    error: Json = {
        "code": decline.code,
        "doc_url": "https://stripe.com/docs/error-codes/" + decline.code.replace("_", "-"),
        "message": decline.message,
        "payment_method": method,
        "type": "card_error" if decline.decline_code else "invalid_request_error",
    }
    if charge_id:
        error["charge"] = charge_id
    if decline.decline_code:
        error["decline_code"] = decline.decline_code
    return error


def _details(method: Json, amount: int) -> Json:
    kind = method["type"]
    details = dict(method[kind])
    if kind == "card":
        for of_method_only in (
            "display_brand",
            "generated_from",
            "networks",
            "three_d_secure_usage",
        ):
            del details[of_method_only]
        details |= {
            "amount_authorized": amount,
            "authorization_code": "123456",
            "extended_authorization": {"status": "disabled"},
            "incremental_authorization": {"status": "unavailable"},
            "installments": None,
            "mandate": None,
            "multicapture": {"status": "unavailable"},
            "network": details["brand"],
            "network_token": {"used": False},
            "network_transaction_id": token(15),
            "overcapture": {"maximum_amount_capturable": amount, "status": "unavailable"},
            "three_d_secure": None,
        }
    else:
        for of_method_only in ("financial_connections_account", "networks", "status_details"):
            del details[of_method_only]
        details |= {"expected_debit_date": None, "mandate": None, "payment_reference": None}
    return {"type": kind, kind: details}
