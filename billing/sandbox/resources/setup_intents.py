"""/v1/setup_intents"""

from billing.sandbox import payments, saving, setups
from billing.sandbox.cards import card_error
from billing.sandbox.contract import Json
from billing.sandbox.errors import ApiError, invalid, not_served
from billing.sandbox.lists import Query
from billing.sandbox.metadata import merged
from billing.sandbox.resources import customers
from billing.sandbox.routing import serves
from billing.sandbox.unit import Unit

_PATH = "/v1/setup_intents/{intent}"
_UPDATE = {"customer", "description", "metadata", "payment_method"}
_CREATE = _UPDATE | {"allowed_payment_method_types", "automatic_payment_methods", "confirm",
                     "return_url", "usage"}  # fmt: skip
_CONFIRM = {"payment_method", "return_url"}


@serves("POST /v1/setup_intents")
def create(unit: Unit, params: Json) -> Json:
    _refuse_unserved(params, _CREATE)
    if "return_url" in params and not params.get("confirm"):
        raise invalid("`return_url` can only be given with `confirm`.", "return_url")
    fields = _fields(unit, params, None)
    automatic = params.get("automatic_payment_methods")
    if automatic:
        fields["automatic_payment_methods"] = {"allow_redirects": "always"} | automatic
    if "usage" in params:
        fields["usage"] = params["usage"]
    setup = setups.create(unit, fields | {"metadata": merged(None, params.get("metadata"))})
    return _confirmed(unit, setup) if params.get("confirm") else setup


@serves(f"GET {_PATH}")
def retrieve(unit: Unit, _params: Json, intent_id: str) -> Json:
    return unit.get("setup_intent", intent_id, param="intent")


@serves(f"POST {_PATH}")
def update(unit: Unit, params: Json, intent_id: str) -> Json:
    _refuse_unserved(params, _UPDATE)
    setup = unit.get("setup_intent", intent_id, param="intent")
    if setup["status"] not in setups.OPEN:
        raise setups.unexpected_state(setup, "updated")
    changes = _fields(unit, params, setup["customer"])
    if changes.get("payment_method"):
        changes["status"] = "requires_confirmation"
    return unit.change(
        setup, changes | {"metadata": merged(setup["metadata"], params.get("metadata"))}
    )


@serves(f"POST {_PATH}/confirm")
def confirm(unit: Unit, params: Json, intent_id: str) -> Json:
    _refuse_unserved(params, _CONFIRM)
    setup = unit.get("setup_intent", intent_id, param="intent")
    return _confirmed(unit, unit.change(setup, _fields(unit, params, setup["customer"])))


@serves(f"POST {_PATH}/cancel")
def cancel(unit: Unit, params: Json, intent_id: str) -> Json:
    setup = unit.get("setup_intent", intent_id, param="intent")
    return setups.cancel(unit, setup, params.get("cancellation_reason"))


@serves("GET /v1/setup_intents")
def list_(unit: Unit, params: Json) -> Json:
    query = Query(unit, "setup_intent", params)
    query.equal(customer="customer", payment_method="payment_method")
    return query.ranged("created").page("/v1/setup_intents")


def _confirmed(unit: Unit, setup: Json) -> Json:
    if setup["payment_method"] is None:
        raise ApiError(
            "You cannot confirm this SetupIntent because it's missing a payment method.",
            code="setup_intent_unexpected_state",
        )
    method = unit.get("payment_method", setup["payment_method"])
    setup = setups.confirm(unit, setup, method)
    card = payments.card_of(unit, method["id"])
    if setup["last_setup_error"] and card and card.decline:
        raise card_error(card.decline, payment_method=method, setup_intent=setup)
    return setup


def _fields(unit: Unit, params: Json, customer_id: str | None) -> Json:
    """What a call sets, with the payment method made if it was named."""
    fields = {name: params[name] or None for name in ("description",) if name in params}
    if "customer" in params:
        customer_id = fields["customer"] = customers.live(unit, params["customer"])["id"]
    if "payment_method" in params:
        method = saving.usable(unit, params["payment_method"])
        if method["customer"] not in (None, customer_id):
            raise ApiError(
                f"The PaymentMethod {method['id']} does not belong to the Customer you supplied.",
                param="payment_method",
            )
        fields["payment_method"] = method["id"]
    return fields


def _refuse_unserved(params: Json, served: set[str]) -> None:
    for name in params:
        if name not in served:
            raise not_served(name, name)
