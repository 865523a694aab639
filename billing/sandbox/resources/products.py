"""/v1/products"""

from billing.sandbox.contract import Json
from billing.sandbox.errors import invalid
from billing.sandbox.lists import Query
from billing.sandbox.metadata import merged
from billing.sandbox.resources import prices
from billing.sandbox.routing import serves
from billing.sandbox.unit import Unit

_PLAIN = ("active", "name", "description", "images", "marketing_features", "shippable",
          "statement_descriptor", "tax_code", "unit_label", "url", "default_price")  # fmt: skip


@serves("POST /v1/products")
def create(unit: Unit, params: Json) -> Json:
    if "id" in params and unit.objects.find(params["id"]):
        raise invalid(f"Product already exists: {params['id']}", "id", "resource_already_exists")
    chosen_id = {"id": params["id"]} if "id" in params else {}
    fields = {"active": True, "type": "service"} | chosen_id | _fields(params)
    fields["metadata"] = merged(None, params.get("metadata"))
    product = unit.create("product", fields)
    if "default_price_data" in params:
        price = prices.create(unit, params["default_price_data"] | {"product": product["id"]})
        product = unit.change(product, {"default_price": price["id"]})
    unit.emit("product.created", product)
    return product


@serves("GET /v1/products/{id}")
def retrieve(unit: Unit, _params: Json, product_id: str) -> Json:
    return unit.get("product", product_id)


@serves("POST /v1/products/{id}")
def update(unit: Unit, params: Json, product_id: str) -> Json:
    product = unit.get("product", product_id)
    if params.get("default_price"):
        unit.referenced("price", params["default_price"], "default_price")
    changes = _fields(params) | {"metadata": merged(product["metadata"], params.get("metadata"))}
    return unit.change(product, changes, "product.updated")


@serves("GET /v1/products")
def list_(unit: Unit, params: Json) -> Json:
    query = Query(unit, "product", params).equal(active="active", url="url").ranged("created")
    return query.one_of("id", params.get("ids")).page("/v1/products")


def _fields(params: Json) -> Json:
    fields = {name: params[name] for name in _PLAIN if name in params}
    return {name: None if value == "" else value for name, value in fields.items()}
