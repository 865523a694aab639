"""/v1/promotion_codes: what a buyer types to redeem a coupon."""

import secrets
import string

from billing.sandbox import discounting
from billing.sandbox.contract import Json
from billing.sandbox.errors import invalid, not_served, parameter_missing
from billing.sandbox.lists import Query
from billing.sandbox.metadata import merged
from billing.sandbox.resources import customers
from billing.sandbox.routing import serves
from billing.sandbox.unit import Unit

_ALPHABET = string.ascii_uppercase + string.digits
_PATH = "/v1/promotion_codes/{promotion_code}"


@serves("POST /v1/promotion_codes")
def create(unit: Unit, params: Json) -> Json:
    promotion = params["promotion"]
    if "coupon" not in promotion:
        raise parameter_missing("promotion[coupon]")
    coupon = unit.referenced("coupon", promotion["coupon"], "promotion[coupon]")
    code = params.get("code") or "".join(secrets.choice(_ALPHABET) for _ in range(8))
    if any(discounting.is_active(found, unit.now) for found in named(unit, code)):
        raise invalid(
            "An active promotion code with `code: " + code + "` already exists.",
            "code",
            "resource_already_exists",
        )
    fields = {
        "active": params.get("active", True),
        "code": code,
        "customer": customers.live(unit, params["customer"])["id"]
        if "customer" in params
        else None,
        "expires_at": params.get("expires_at"),
        "max_redemptions": params.get("max_redemptions"),
        "metadata": merged(None, params.get("metadata")),
        "promotion": {"coupon": coupon["id"], "type": "coupon"},
        "restrictions": _restrictions(params.get("restrictions", {})),
    }
    promotion_code = unit.create("promotion_code", fields)
    unit.emit("promotion_code.created", promotion_code)
    return promotion_code


@serves(f"GET {_PATH}")
def retrieve(unit: Unit, _params: Json, code_id: str) -> Json:
    return _now_active(unit, unit.get("promotion_code", code_id, param="promotion_code"))


@serves(f"POST {_PATH}")
def update(unit: Unit, params: Json, code_id: str) -> Json:
    if "restrictions" in params:
        raise not_served("restrictions", "restrictions")
    promotion_code = unit.get("promotion_code", code_id, param="promotion_code")
    changes: Json = {"metadata": merged(promotion_code["metadata"], params.get("metadata"))}
    if "active" in params:
        changes["active"] = params["active"]
    return unit.change(promotion_code, changes, "promotion_code.updated")


@serves("GET /v1/promotion_codes")
def list_(unit: Unit, params: Json) -> Json:
    query = Query(unit, "promotion_code", params).equal(
        active="active", customer="customer", promotion__coupon="coupon"
    )
    if "code" in params:
        query.where("lower(json_extract(body, '$.code')) = lower(?)", params["code"])
    query.ranged("created")
    return query.page("/v1/promotion_codes", lambda code: _now_active(unit, code))


def named(unit: Unit, code: str) -> list[Json]:
    """Every promotion code with these letters; case does not matter."""
    where = ["lower(json_extract(body, '$.code')) = lower(?)"]
    return unit.objects.select("promotion_code", where, [code], order="ASC", limit=-1)


def _now_active(unit: Unit, promotion_code: Json) -> Json:
    return promotion_code | {"active": discounting.is_active(promotion_code, unit.now)}


def _restrictions(given: Json) -> Json:
    if "currency_options" in given:
        raise not_served("restrictions[currency_options]", "restrictions[currency_options]")
    currency = given.get("minimum_amount_currency")
    if (currency is None) != ("minimum_amount" not in given):
        raise parameter_missing("restrictions[minimum_amount_currency]")
    return {
        "first_time_transaction": given.get("first_time_transaction", False),
        "minimum_amount": given.get("minimum_amount"),
        "minimum_amount_currency": currency and currency.lower(),
    }
