"""/v1/coupons"""

from billing.sandbox import discounting
from billing.sandbox.contract import Json
from billing.sandbox.errors import invalid, not_served, parameter_missing
from billing.sandbox.lists import Query
from billing.sandbox.metadata import merged
from billing.sandbox.routing import serves
from billing.sandbox.unit import Unit

_PLAIN = ("amount_off", "applies_to", "duration_in_months", "max_redemptions", "name",
          "percent_off", "redeem_by")  # fmt: skip
WHOLE_PERCENT = 100


@serves("POST /v1/coupons")
def create(unit: Unit, params: Json) -> Json:
    if "currency_options" in params:
        raise not_served("currency_options", "currency_options")
    _check(unit, params)
    if "id" in params and unit.objects.find(params["id"]):
        raise invalid("Coupon already exists.", "id", "resource_already_exists")
    fields = {name: params[name] for name in _PLAIN if name in params}
    fields |= {"id": params["id"]} if "id" in params else {}
    fields |= {
        "currency": params["currency"].lower() if "amount_off" in params else None,
        "duration": params.get("duration", "once"),
        "metadata": merged(None, params.get("metadata")),
        "valid": True,
    }
    coupon = unit.create("coupon", fields)
    unit.emit("coupon.created", coupon)
    return coupon


@serves("GET /v1/coupons/{coupon}")
def retrieve(unit: Unit, _params: Json, coupon_id: str) -> Json:
    return _now_valid(unit, unit.get("coupon", coupon_id, param="coupon"))


@serves("POST /v1/coupons/{coupon}")
def update(unit: Unit, params: Json, coupon_id: str) -> Json:
    if "currency_options" in params:
        raise not_served("currency_options", "currency_options")
    coupon = unit.get("coupon", coupon_id, param="coupon")
    changes: Json = {"metadata": merged(coupon["metadata"], params.get("metadata"))}
    if "name" in params:
        changes["name"] = params["name"]
    return unit.change(coupon, changes, "coupon.updated")


@serves("DELETE /v1/coupons/{coupon}")
def delete(unit: Unit, _params: Json, coupon_id: str) -> Json:
    """Nobody can redeem it any more; the discounts that it gave go on."""
    coupon = unit.get("coupon", coupon_id, param="coupon")
    unit.emit("coupon.deleted", coupon)
    for code in unit.objects.all("promotion_code"):
        if code["promotion"]["coupon"] == coupon_id:
            unit.change(code, {"active": False}, "promotion_code.updated")
    unit.objects.delete(coupon_id)
    return {"id": coupon_id, "object": "coupon", "deleted": True}


@serves("GET /v1/coupons")
def list_(unit: Unit, params: Json) -> Json:
    query = Query(unit, "coupon", params).ranged("created")
    return query.page("/v1/coupons", lambda coupon: _now_valid(unit, coupon))


def _now_valid(unit: Unit, coupon: Json) -> Json:
    return coupon | {"valid": discounting.is_valid(coupon, unit.now)}


def _check(unit: Unit, params: Json) -> None:
    if ("percent_off" in params) == ("amount_off" in params):
        raise invalid("Must provide exactly one of: `percent_off`, `amount_off`.", "percent_off")
    if "amount_off" in params and "currency" not in params:
        raise parameter_missing("currency")
    if params.get("amount_off", 1) < 1:
        raise invalid("Invalid positive integer", "amount_off", "parameter_invalid_integer")
    if not 0 < params.get("percent_off", 1) <= WHOLE_PERCENT:
        raise invalid("Invalid percent_off: must be above 0 and at most 100.", "percent_off")
    if (params.get("duration") == "repeating") != ("duration_in_months" in params):
        raise invalid(
            "`duration_in_months` is needed with `duration=repeating`, and only with it.",
            "duration_in_months",
        )
    for i, product in enumerate(params.get("applies_to", {}).get("products", [])):
        unit.referenced("product", product, f"applies_to[products][{i}]")
