"""/v1/prices"""

from billing.sandbox import price_making
from billing.sandbox.contract import Json
from billing.sandbox.lists import Query
from billing.sandbox.metadata import merged
from billing.sandbox.price_making import claim_lookup_key
from billing.sandbox.routing import serves
from billing.sandbox.unit import Unit

_PLAIN = ("active", "nickname", "tax_behavior")


@serves("POST /v1/prices")
def create(unit: Unit, params: Json) -> Json:
    return price_making.create(unit, params)


@serves("GET /v1/prices/{price}")
def retrieve(unit: Unit, _params: Json, price_id: str) -> Json:
    return unit.get("price", price_id, param="price")


@serves("POST /v1/prices/{price}")
def update(unit: Unit, params: Json, price_id: str) -> Json:
    price = unit.get("price", price_id, param="price")
    changes = {name: params[name] for name in _PLAIN if name in params}
    changes["metadata"] = merged(price["metadata"], params.get("metadata"))
    if "lookup_key" in params:
        changes["lookup_key"] = claim_lookup_key(unit, params, price_id)
    return unit.change(price, changes, "price.updated")


@serves("GET /v1/prices")
def list_(unit: Unit, params: Json) -> Json:
    query = Query(unit, "price", params).equal(
        active="active", currency="currency", product="product", type="type"
    )
    query.ranged("created").one_of("lookup_key", params.get("lookup_keys"))
    interval = params.get("recurring", {}).get("interval")
    query.one_of("recurring__interval", [interval] if interval else None)
    return query.page("/v1/prices")
