"""What an update does to a subscription's items and period, and what it costs: planned without
writing anything, so that a preview and the update itself say the same."""

from dataclasses import dataclass

from billing.sandbox import periods, proration
from billing.sandbox.contract import Json
from billing.sandbox.errors import ApiError, invalid, no_such, not_served
from billing.sandbox.line_items import price_of
from billing.sandbox.lists import listed
from billing.sandbox.metadata import merged
from billing.sandbox.subscribing import new_item, period_line, plan_of
from billing.sandbox.unit import Unit

PARAMS = {"items", "proration_behavior", "proration_date", "billing_cycle_anchor", "trial_end"}
_ITEM_SERVED = {"id", "price", "price_data", "quantity", "deleted", "metadata"}


@dataclass(frozen=True, kw_only=True)
class Change:
    """`fields` of the subscription to write, and the `lines` that come of it: charged at once
    when `is_invoiced`, else with the next invoice."""

    fields: Json
    lines: list[Json]
    is_invoiced: bool


def plan(unit: Unit, subscription: Json, params: Json) -> Change:
    """What these parameters of an update would do now."""
    items = items_after(unit, subscription, params.get("items", []))
    trial_end = params.get("trial_end")
    if isinstance(trial_end, int):
        return _into_trial(unit, subscription, items, params)
    anchor = params.get("billing_cycle_anchor", {}).get("type")
    is_resting = subscription["status"] in ("trialing", "paused")
    if is_resting and trial_end != "now" and anchor != "now":
        return Change(fields={"items": _with(subscription, items)}, lines=[], is_invoiced=False)
    if trial_end == "now" or anchor == "now" or interval(items) != interval(_items(subscription)):
        return _restarted(unit, subscription, items, params)
    return _in_period(unit, subscription, items, params)


def next_period(subscription: Json, item: Json, start: int) -> tuple[int, int]:
    """The period of an item that begins at `start`."""
    recurring = item["price"]["recurring"]
    anchor = subscription["billing_cycle_anchor"]
    interval, count = recurring["interval"], recurring["interval_count"]
    return start, periods.next_end(anchor, interval, count, start)


def with_period(item: Json, period: tuple[int, int]) -> Json:
    return item | {"current_period_start": period[0], "current_period_end": period[1]}


def _in_period(unit: Unit, subscription: Json, items: list[Json], params: Json) -> Change:
    """Another price or quantity for the rest of the period."""
    behavior = params.get("proration_behavior", "create_prorations")
    lines: list[Json] = []
    if behavior != "none":
        at = _moment(unit, subscription, params)
        before = {item["id"]: item for item in _items(subscription)}
        after = {item["id"]: item for item in items}
        changed = [key for key in before | after if _terms(before, key) != _terms(after, key)]
        for key in changed:
            if key in before:
                lines.append(proration.credit(unit, subscription, before[key], at))
            if key in after:
                lines.append(proration.debit(unit, subscription, after[key], at))
    fields = {"items": _with(subscription, items)}
    return Change(fields=fields, lines=lines, is_invoiced=behavior == "always_invoice")


def _restarted(unit: Unit, subscription: Json, items: list[Json], params: Json) -> Change:
    """A new period begins now, and is paid now."""
    fields: Json = {"billing_cycle_anchor": unit.now}
    if subscription["status"] == "trialing":
        fields |= {"status": "active", "trial_end": unit.now}
    elif subscription["status"] == "paused":
        fields |= {"status": "active", "status_details": None}
    active = subscription | fields
    items = [with_period(item, next_period(active, item, unit.now)) for item in items]
    lines = _unused(unit, subscription, params)
    lines += [period_line(unit, active, item) for item in items]
    fields["items"] = _with(subscription, items)
    return Change(fields=fields, lines=lines, is_invoiced=True)


def _into_trial(unit: Unit, subscription: Json, items: list[Json], params: Json) -> Change:
    """A trial from now, or a longer one; unused time that was paid is given back."""
    end = params["trial_end"]
    if end <= unit.now:
        raise invalid("Invalid timestamp: must be an integer Unix timestamp in the future.",
                      "trial_end")  # fmt: skip
    is_trialing = subscription["status"] == "trialing"
    start = subscription["trial_start"] if is_trialing else unit.now
    period_start = _items(subscription)[0]["current_period_start"] if is_trialing else unit.now
    items = [with_period(item, (period_start, end)) for item in items]
    fields: Json = {
        "billing_cycle_anchor": end,
        "items": _with(subscription, items),
        "status": "trialing",
        "trial_end": end,
        "trial_start": start,
    }
    behavior = params.get("proration_behavior", "create_prorations")
    lines = _unused(unit, subscription, params)
    return Change(fields=fields, lines=lines, is_invoiced=behavior == "always_invoice")


def unused_time(unit: Unit, subscription: Json, at: int) -> list[Json]:
    """A credit for each item that was paid beyond `at`."""
    if subscription["status"] in ("trialing", "paused"):
        return []
    items = [item for item in _items(subscription) if item["current_period_end"] > at]
    return [proration.credit(unit, subscription, item, at) for item in items]


def _unused(unit: Unit, subscription: Json, params: Json) -> list[Json]:
    is_resting = subscription["status"] in ("trialing", "paused")
    if is_resting or params.get("proration_behavior") == "none":
        return []
    return unused_time(unit, subscription, _moment(unit, subscription, params))


def _moment(unit: Unit, subscription: Json, params: Json) -> int:
    """When the change counts from: `proration_date`, or now."""
    at = int(params.get("proration_date", unit.now))
    for item in _items(subscription):
        if not item["current_period_start"] <= at <= item["current_period_end"]:
            raise invalid(
                "Invalid proration_date: it must be within the current billing period of the "
                "subscription.",
                "proration_date",
            )
    return at


def items_after(unit: Unit, subscription: Json, given: list[Json]) -> list[Json]:
    """The subscription's items with the `items` of an update."""
    items = {item["id"]: item for item in _items(subscription)}
    for i, entry in enumerate(given):
        path = f"items[{i}]"
        for name in entry:
            if name not in _ITEM_SERVED:
                raise not_served(name, f"{path}[{name}]")
        item_id = entry.get("id")
        if item_id is not None and item_id not in items:
            raise no_such("subscription_item", item_id, param=f"{path}[id]", status=400)
        if entry.get("deleted"):
            del items[item_id]
        elif item_id is None:
            item = _added(unit, subscription, entry, path)
            items[item["id"]] = item
        else:
            items[item_id] = _changed(unit, items[item_id], entry, path)
    _check(list(items.values()), subscription["currency"])
    return list(items.values())


def _check(items: list[Json], currency: str) -> None:
    if not items:
        raise ApiError("A subscription must have at least one active item.")
    prices = [item["price"] for item in items]
    if len({price["id"] for price in prices}) < len(prices):
        raise ApiError("Cannot add multiple subscription items with the same price.")
    if any(price["recurring"] is None for price in prices):
        raise invalid("The price specified is set to `type=one_time` but this field only accepts "
                      "prices with `type=recurring`.", "items[0][price]")  # fmt: skip
    if any(price["currency"] != currency for price in prices):
        raise ApiError(f"The price specified only supports another currency than `{currency}`.")
    if len({_recurring(item) for item in items}) > 1:
        raise not_served("items of different intervals", "items")


def _changed(unit: Unit, item: Json, entry: Json, path: str) -> Json:
    changes: Json = {"metadata": merged(item["metadata"], entry.get("metadata"))}
    if "price" in entry or "price_data" in entry:
        price = item["price"]
        if entry.get("price") != price["id"]:
            price = price_of(unit, entry, path)
        changes |= {"price": price, "plan": plan_of(unit, price) if price["recurring"] else None}
    if "quantity" in entry:
        changes["quantity"] = entry["quantity"]
    return item | changes


def _added(unit: Unit, subscription: Json, entry: Json, path: str) -> Json:
    price = price_of(unit, entry, path)
    if price["recurring"] is None:
        raise invalid("This field only accepts prices with `type=recurring`.", f"{path}[price]")
    first = _items(subscription)[0]
    period = (first["current_period_start"], first["current_period_end"])
    purchased = {"price": price, "quantity": entry.get("quantity", 1)}
    return new_item(unit, subscription["id"], purchased, period)


def _items(subscription: Json) -> list[Json]:
    found: list[Json] = subscription["items"]["data"]
    return found


def _with(subscription: Json, items: list[Json]) -> Json:
    return listed(items, subscription["items"]["url"])


def _terms(items: Json, key: str) -> tuple[str, int] | None:
    item = items.get(key)
    return (item["price"]["id"], item["quantity"]) if item else None


def interval(items: list[Json]) -> tuple[str, int]:
    """How often the items are paid: ("month", 1)."""
    return _recurring(items[0])


def _recurring(item: Json) -> tuple[str, int]:
    recurring = item["price"]["recurring"]
    return recurring["interval"], recurring["interval_count"]


def ends(subscription: Json) -> set[int]:
    """When the periods of its items end."""
    return {item["current_period_end"] for item in _items(subscription)}
