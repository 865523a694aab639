"""/v1/payment_intents, as Checkout makes them."""

from billing.sandbox.contract import Json
from billing.sandbox.lists import Query
from billing.sandbox.routing import serves
from billing.sandbox.unit import Unit


@serves("GET /v1/payment_intents/{intent}")
def retrieve(unit: Unit, _params: Json, intent_id: str) -> Json:
    return unit.get("payment_intent", intent_id, param="intent")


@serves("GET /v1/payment_intents")
def list_(unit: Unit, params: Json) -> Json:
    query = Query(unit, "payment_intent", params).equal(customer="customer")
    return query.ranged("created").page("/v1/payment_intents")
