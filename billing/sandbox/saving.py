"""Payment methods that customers keep: made from test cards, attached and detached."""

from billing.sandbox.cards import TestCard, card_error, find_card, named_card
from billing.sandbox.contract import Json
from billing.sandbox.errors import ApiError, invalid
from billing.sandbox.payments import Payer, card_of, create_method
from billing.sandbox.unit import Unit

NOBODY = Payer(country=None)
USED_UP = (
    "This PaymentMethod was previously used without being attached to a Customer or was detached "
    "from a Customer, and may not be used again."
)


def from_number(unit: Unit, given: Json) -> Json:
    """A new payment method for the `card` hash of a call: a test number, or a token's name."""
    name = given.get("token")
    card = named_card(name) if name else find_card(given.get("number", ""))
    if name and card is None:
        raise invalid(f"No such token: '{name}'", "card[token]", "resource_missing")
    if card is None or card.pays_later or len(given.get("number", card.number)) <= 4:
        raise ApiError(
            "Your card was declined. Your request was in test mode, but used a non test card. For "
            "a list of valid test cards, visit: https://stripe.com/docs/testing.",
            status=402,
            kind="card_error",
            code="card_declined",
            details={"decline_code": "test_mode_live_card"},
        )
    expiry = (given.get("exp_month", 12), given.get("exp_year", 2034))
    return _made(unit, card, Payer(country=None, expiry=expiry))


def usable(unit: Unit, method_id: str, param: str = "payment_method", status: int = 400) -> Json:
    """The payment method of an id, or a new one when it names a card (`pm_card_visa`)."""
    card = named_card(method_id)
    if card and method_id.startswith("pm_"):
        return _made(unit, card, NOBODY)
    return unit.get("payment_method", method_id, param=param, status=status)


def attach(unit: Unit, method: Json, customer_id: str) -> Json:
    """Keep it for a customer; a card that its bank declines is refused."""
    if method["customer"] == customer_id:
        return method
    if method["customer"]:
        raise ApiError(
            "The payment method you provided has already been attached to a customer.",
            code="payment_method_unexpected_state",
        )
    if unit.objects.private(method["id"]).get("is_detached"):
        raise ApiError(USED_UP, code="payment_method_unexpected_state")
    card = card_of(unit, method["id"])
    if card and card.decline:
        raise card_error(card.decline)
    method = unit.change(method, {"customer": customer_id})
    unit.emit("payment_method.attached", method)
    return method


def detach(unit: Unit, method: Json) -> Json:
    """Forget it: it is nobody's default any more and cannot be used again."""
    customer_id = method["customer"]
    if customer_id is None:
        raise ApiError(
            "The payment method you provided is not attached to a customer so detachment is "
            "impossible.",
            code="payment_method_unexpected_state",
        )
    customer = unit.get("customer", customer_id)
    if customer["invoice_settings"]["default_payment_method"] == method["id"]:
        make_default(unit, customer, None)
    for subscription in unit.objects.all("subscription", customer=customer_id):
        if subscription["default_payment_method"] == method["id"]:
            unit.change(
                subscription, {"default_payment_method": None}, "customer.subscription.updated"
            )
    private = unit.objects.private(method["id"]) | {"is_detached": True}
    unit.objects.set_private(method["id"], private)
    return unit.change(method, {"customer": None}, "payment_method.detached")


def make_default(unit: Unit, customer: Json, method_id: str | None) -> Json:
    """Charge this method for the customer's invoices."""
    settings = customer["invoice_settings"] | {"default_payment_method": method_id}
    return unit.change(customer, {"invoice_settings": settings}, "customer.updated")


def _made(unit: Unit, card: TestCard, payer: Payer) -> Json:
    method = create_method(unit, card, payer, None)
    return unit.change(method, {"allow_redisplay": "unspecified"})
