"""What a checkout session sells: its line items, checked as Stripe checks them."""

from billing.sandbox import price_making
from billing.sandbox.contract import Json
from billing.sandbox.errors import ApiError, invalid
from billing.sandbox.unit import Unit

MAX_QUANTITY = 999_999


def purchased_items(unit: Unit, given: list[Json], mode: str) -> list[Json]:
    """The `item` objects of a session's `line_items`, each with its whole price."""
    items = [_item(unit, entry, f"line_items[{i}]") for i, entry in enumerate(given)]
    kinds = {item["price"]["type"] for item in items}
    if mode == "payment" and "recurring" in kinds:
        raise invalid(
            "You specified `payment` mode but passed a recurring price. Either switch to "
            "`subscription` mode or use only one-time prices.",
            "mode",
        )
    if mode == "subscription" and "recurring" not in kinds:
        raise invalid(
            "You must provide at least one recurring price in `subscription` mode when using "
            "prices.",
            "line_items",
        )
    if len({item["currency"] for item in items}) > 1:
        raise ApiError("All prices on a Checkout Session must have the same currency.")
    intervals = {_interval(item) for item in items if item["price"]["recurring"]}
    if len(intervals) > 1:
        raise ApiError("All recurring prices of a Checkout Session must have the same interval.")
    return items


def _interval(item: Json) -> tuple[str, int]:
    recurring = item["price"]["recurring"]
    return recurring["interval"], recurring["interval_count"]


def _item(unit: Unit, entry: Json, path: str) -> Json:
    price = price_of(unit, entry, path)
    if not 1 <= entry.get("quantity", 0) <= MAX_QUANTITY:
        raise invalid(f"Quantity is required. Add `quantity` to `{path}`", f"{path}[quantity]")
    product = unit.get("product", price["product"])
    amount = price["unit_amount"] * entry["quantity"]
    fields = {
        "amount_subtotal": amount,
        "amount_total": amount,
        "currency": price["currency"],
        "description": product["name"],
        "metadata": entry.get("metadata", {}),
        "price": price,
        "quantity": entry["quantity"],
    }
    return unit.blank("item", fields)


def price_of(unit: Unit, entry: Json, path: str) -> Json:
    """The price that an entry names by `price`, or makes by `price_data`."""
    if ("price" in entry) == ("price_data" in entry):
        raise invalid(
            f"You must specify exactly one of `price` and `price_data` in `{path}`.",
            f"{path}[price]",
        )
    if "price_data" in entry:
        return price_making.create(unit, entry["price_data"] | {"active": False})
    price = unit.referenced("price", entry["price"], f"{path}[price]")
    if not price["active"]:
        raise invalid(
            "The price specified is inactive. This field only accepts active prices.",
            f"{path}[price]",
        )
    if not unit.get("product", price["product"])["active"]:
        raise invalid("The price specified belongs to a product that is not active.",
                      f"{path}[price]")  # fmt: skip
    return price
