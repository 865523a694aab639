"""/v1/invoice_payments: which payment intent pays which invoice."""

from billing.sandbox.contract import Json
from billing.sandbox.lists import Query
from billing.sandbox.routing import serves
from billing.sandbox.unit import Unit


@serves("GET /v1/invoice_payments/{invoice_payment}")
def retrieve(unit: Unit, _params: Json, payment_id: str) -> Json:
    return unit.get("invoice_payment", payment_id, param="invoice_payment")


@serves("GET /v1/invoice_payments")
def list_(unit: Unit, params: Json) -> Json:
    query = Query(unit, "invoice_payment", params).equal(invoice="invoice", status="status")
    intent = params.get("payment", {}).get("payment_intent")
    query.one_of("payment__payment_intent", [intent] if intent else None)
    return query.ranged("created").page("/v1/invoice_payments")
