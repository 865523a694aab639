"""/v1/payment_intents of sessions and invoices; those of open invoices can be confirmed."""

from billing.sandbox import confirming, saving
from billing.sandbox.contract import Json
from billing.sandbox.errors import not_served
from billing.sandbox.lists import Query
from billing.sandbox.routing import serves
from billing.sandbox.unit import Unit

_CONFIRM = {"payment_method", "return_url", "off_session", "setup_future_usage"}


@serves("GET /v1/payment_intents/{intent}")
def retrieve(unit: Unit, _params: Json, intent_id: str) -> Json:
    return unit.get("payment_intent", intent_id, param="intent")


@serves("GET /v1/payment_intents")
def list_(unit: Unit, params: Json) -> Json:
    query = Query(unit, "payment_intent", params).equal(customer="customer")
    return query.ranged("created").page("/v1/payment_intents")


@serves("POST /v1/payment_intents/{intent}/confirm")
def confirm(unit: Unit, params: Json, intent_id: str) -> Json:
    intent = unit.get("payment_intent", intent_id, param="intent")
    for name in params:
        if name not in _CONFIRM:
            raise not_served(name, name)
    method_id = params.get("payment_method")
    if method_id:
        method_id = saving.usable(unit, method_id)["id"]
    return confirming.confirm(unit, intent, method_id)
