"""New prices: by their own call, or as the `price_data` of something that is sold."""

from decimal import Decimal

from billing.sandbox.contract import Json
from billing.sandbox.errors import invalid, parameter_missing
from billing.sandbox.metadata import merged
from billing.sandbox.unit import Unit

MAX_LOOKUP_KEY_LENGTH = 200


def create(unit: Unit, params: Json) -> Json:
    """Store a price for the parameters of a call, with its product if that is given as data."""
    recurring = params.get("recurring")
    fields: Json = {
        "active": params.get("active", True),
        "currency": params["currency"].lower(),
        "metadata": merged(None, params.get("metadata")),
        "nickname": params.get("nickname"),
        "product": _product(unit, params),
        "recurring": _recurring(recurring) if recurring else None,
        "tax_behavior": params.get("tax_behavior", "unspecified"),
        "type": "recurring" if recurring else "one_time",
    } | _amount(params)
    price = unit.blank("price", fields)
    price["lookup_key"] = claim_lookup_key(unit, params, price["id"])
    unit.objects.insert(price, {})
    unit.emit("price.created", price)
    return price


def _product(unit: Unit, params: Json) -> str:
    if "product" in params and "product_data" in params:
        raise invalid("You may only specify one of these parameters: product, product_data.",
                      "product", "parameters_exclusive")  # fmt: skip
    if "product" in params:
        return str(unit.referenced("product", params["product"], "product")["id"])
    if "product_data" not in params:
        raise parameter_missing("product")
    data = params["product_data"]
    fields = {
        "active": data.get("active", True),
        "metadata": merged(None, data.get("metadata")),
        "name": data["name"],
        "type": "service",
    }
    product = unit.create("product", fields)
    unit.emit("product.created", product)
    return str(product["id"])


def _amount(params: Json) -> Json:
    if "unit_amount" in params:
        amount = params["unit_amount"]
        decimal = str(amount)
    elif "unit_amount_decimal" in params:
        decimal = params["unit_amount_decimal"]
        exact = Decimal(decimal)
        amount = int(exact) if exact == int(exact) else None
    else:
        raise parameter_missing("unit_amount")
    if Decimal(decimal) < 0:
        raise invalid("Invalid non-negative integer", "unit_amount", "parameter_invalid_integer")
    return {"unit_amount": amount, "unit_amount_decimal": decimal}


def _recurring(given: Json) -> Json:
    return {
        "interval": given["interval"],
        "interval_count": given.get("interval_count", 1),
        "meter": given.get("meter"),
        "trial_period_days": given.get("trial_period_days"),
        "usage_type": given.get("usage_type", "licensed"),
    }


def claim_lookup_key(unit: Unit, params: Json, price_id: str) -> str | None:
    """The key for this price, taken from the price that has it if that was asked for."""
    key = params.get("lookup_key") or None
    if key is None:
        return None
    if len(key) > MAX_LOOKUP_KEY_LENGTH:
        raise invalid("Lookup keys may have at most 200 characters.", "lookup_key")
    for holder in unit.objects.all("price", lookup_key=key):
        if holder["id"] == price_id:
            continue
        if not params.get("transfer_lookup_key"):
            raise invalid(
                f"A price (`{holder['id']}`) already uses that lookup key.",
                "lookup_key",
                "resource_already_exists",
            )
        unit.change(holder, {"lookup_key": None}, "price.updated")
    return str(key)
