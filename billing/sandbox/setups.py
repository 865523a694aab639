"""Setup intents: a card is kept for later payments without paying anything now."""

from billing.sandbox import payments, saving
from billing.sandbox.cards import NOT_AUTHENTICATED, Decline
from billing.sandbox.contract import Json
from billing.sandbox.errors import ApiError
from billing.sandbox.ids import new_id, token
from billing.sandbox.unit import Unit

OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")


def create(unit: Unit, fields: Json) -> Json:
    """A setup intent that waits for a payment method or for its confirmation."""
    setup_id = new_id("setup_intent")
    has_method = fields.get("payment_method") is not None
    defaults: Json = {
        "id": setup_id,
        "automatic_payment_methods": None,
        "client_secret": f"{setup_id}_secret_{token(25)}",
        "metadata": {},
        "payment_method_types": ["card"],
        "status": "requires_confirmation" if has_method else "requires_payment_method",
        "usage": "off_session",
    }
    setup = unit.create("setup_intent", defaults | fields)
    unit.emit("setup_intent.created", setup)
    return setup


def confirm(unit: Unit, setup: Json, method: Json) -> Json:
    """Ask the bank; a decline is the intent's `last_setup_error`."""
    if setup["status"] not in OPEN:
        raise unexpected_state(setup, "confirmed")
    setup = unit.change(
        setup, {"payment_method": method["id"], "payment_method_types": [method["type"]]}
    )
    card = payments.card_of(unit, method["id"])
    if card and card.decline:
        return _refuse(unit, setup, card.decline)
    if card and card.needs_authentication:
        action = {"type": "use_stripe_sdk", "use_stripe_sdk": {}}
        setup = unit.change(setup, {"next_action": action, "status": "requires_action"})
        unit.emit("setup_intent.requires_action", setup)
        return setup
    return _succeed(unit, setup)


def authenticate(unit: Unit, setup: Json, *, approved: bool) -> Json:
    """Answer the bank's question."""
    if setup["status"] != "requires_action":
        raise ApiError(f"{setup['id']} waits for no answer of a bank.")
    setup = unit.change(setup, {"next_action": None})
    return _succeed(unit, setup) if approved else _refuse(unit, setup, NOT_AUTHENTICATED)


def cancel(unit: Unit, setup: Json, reason: str | None) -> Json:
    if setup["status"] not in OPEN:
        raise unexpected_state(setup, "canceled")
    changes = {"cancellation_reason": reason, "next_action": None, "status": "canceled"}
    setup = unit.change(setup, changes)
    unit.emit("setup_intent.canceled", setup)
    return setup


def unexpected_state(setup: Json, verb: str) -> ApiError:
    return ApiError(
        f"You cannot have this SetupIntent {verb} because it has a status of {setup['status']}.",
        code="setup_intent_unexpected_state",
        details={"setup_intent": setup},
    )


def _succeed(unit: Unit, setup: Json) -> Json:
    changes = {"last_setup_error": None, "next_action": None, "status": "succeeded"}
    setup = unit.change(setup, changes)
    unit.emit("setup_intent.succeeded", setup)
    if setup["customer"]:
        method = unit.get("payment_method", setup["payment_method"])
        saving.attach(unit, method, setup["customer"])
    return setup


def _refuse(unit: Unit, setup: Json, decline: Decline) -> Json:
    method = unit.get("payment_method", setup["payment_method"])
    changes = {
        "last_setup_error": payments.payment_error(decline, None, method),
        "next_action": None,
        "payment_method": None,
        "status": "requires_payment_method",
    }
    setup = unit.change(setup, changes)
    unit.emit("setup_intent.setup_failed", setup)
    return setup
