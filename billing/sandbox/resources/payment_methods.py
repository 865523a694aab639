"""/v1/payment_methods, as Checkout saves them."""

from billing.sandbox.contract import Json
from billing.sandbox.lists import Query
from billing.sandbox.routing import serves
from billing.sandbox.unit import Unit


@serves("GET /v1/payment_methods/{payment_method}")
def retrieve(unit: Unit, _params: Json, method_id: str) -> Json:
    return unit.get("payment_method", method_id, param="payment_method")


@serves("GET /v1/payment_methods")
def list_(unit: Unit, params: Json) -> Json:
    query = Query(unit, "payment_method", params).equal(customer="customer", type="type")
    return query.page("/v1/payment_methods")


@serves("GET /v1/customers/{customer}/payment_methods")
def list_of_customer(unit: Unit, params: Json, customer_id: str) -> Json:
    unit.get("customer", customer_id, param="customer")
    query = Query(unit, "payment_method", params).one_of("customer", [customer_id])
    query.equal(type="type")
    return query.page(f"/v1/customers/{customer_id}/payment_methods")


@serves("GET /v1/customers/{customer}/payment_methods/{payment_method}")
def retrieve_of_customer(unit: Unit, _params: Json, customer_id: str, method_id: str) -> Json:
    unit.get("customer", customer_id, param="customer")
    return unit.get("payment_method", method_id, param="payment_method")
