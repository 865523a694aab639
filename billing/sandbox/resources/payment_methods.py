"""/v1/payment_methods: cards by number or by name, attached to customers."""

from billing.sandbox import saving
from billing.sandbox.contract import Json
from billing.sandbox.errors import no_such, not_served, parameter_missing
from billing.sandbox.lists import Query
from billing.sandbox.metadata import merged
from billing.sandbox.resources import customers
from billing.sandbox.routing import serves
from billing.sandbox.unit import Unit

_CREATE = {"type", "card", "billing_details", "metadata", "allow_redisplay"}
_UPDATE = {"card", "billing_details", "metadata", "allow_redisplay"}
_EXPIRY = ("exp_month", "exp_year")


@serves("POST /v1/payment_methods")
def create(unit: Unit, params: Json) -> Json:
    _refuse_unserved(params, _CREATE)
    if "type" not in params:
        raise parameter_missing("type")
    if params["type"] != "card":
        raise not_served(f"type={params['type']}", "type")
    if "card" not in params:
        raise parameter_missing("card")
    method = saving.from_number(unit, params["card"])
    return unit.change(method, _changes(method, params))


@serves("GET /v1/payment_methods/{payment_method}")
def retrieve(unit: Unit, _params: Json, method_id: str) -> Json:
    return unit.get("payment_method", method_id, param="payment_method")


@serves("POST /v1/payment_methods/{payment_method}")
def update(unit: Unit, params: Json, method_id: str) -> Json:
    _refuse_unserved(params, _UPDATE)
    method = unit.get("payment_method", method_id, param="payment_method")
    changes = _changes(method, params)
    expiry = {name: params["card"][name] for name in _EXPIRY if name in params.get("card", {})}
    if expiry:
        changes["card"] = method["card"] | expiry
    return unit.change(method, changes, "payment_method.updated")


@serves("POST /v1/payment_methods/{payment_method}/attach")
def attach(unit: Unit, params: Json, method_id: str) -> Json:
    if "customer" not in params:
        raise parameter_missing("customer")
    customer = customers.live(unit, params["customer"])
    method = saving.usable(unit, method_id, status=404)
    return saving.attach(unit, method, customer["id"])


@serves("POST /v1/payment_methods/{payment_method}/detach")
def detach(unit: Unit, _params: Json, method_id: str) -> Json:
    method = unit.get("payment_method", method_id, param="payment_method")
    return saving.detach(unit, method)


@serves("GET /v1/payment_methods")
def list_(unit: Unit, params: Json) -> Json:
    return _attached(unit, params, params.get("customer")).page("/v1/payment_methods")


@serves("GET /v1/customers/{customer}/payment_methods")
def list_of_customer(unit: Unit, params: Json, customer_id: str) -> Json:
    customers.live(unit, customer_id, status=404)
    query = _attached(unit, params, customer_id)
    return query.page(f"/v1/customers/{customer_id}/payment_methods")


@serves("GET /v1/customers/{customer}/payment_methods/{payment_method}")
def retrieve_of_customer(unit: Unit, _params: Json, customer_id: str, method_id: str) -> Json:
    customers.live(unit, customer_id, status=404)
    method = unit.get("payment_method", method_id, param="payment_method")
    if method["customer"] != customer_id:
        raise no_such("payment_method", method_id, param="payment_method")
    return method


def _attached(unit: Unit, params: Json, customer_id: str | None) -> Query:
    query = Query(unit, "payment_method", params)
    query.equal(type="type", allow_redisplay="allow_redisplay")
    return query.one_of("customer", [customer_id] if customer_id else None)


def _changes(method: Json, params: Json) -> Json:
    changes: Json = {"metadata": merged(method["metadata"], params.get("metadata"))}
    if "allow_redisplay" in params:
        changes["allow_redisplay"] = params["allow_redisplay"]
    details = params.get("billing_details") or {}
    if details:
        known = method["billing_details"]
        address = known["address"] | (details.get("address") or {})
        given = {name: value or None for name, value in details.items()}
        changes["billing_details"] = known | given | {"address": address}
    return changes


def _refuse_unserved(params: Json, served: set[str]) -> None:
    for name in params:
        if name not in served:
            raise not_served(name, name)
