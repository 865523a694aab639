"""The phases of subscription schedules: how they are given, and what begins when one ends."""

from billing.sandbox import changing, periods
from billing.sandbox.contract import Json
from billing.sandbox.errors import invalid, not_served
from billing.sandbox.line_items import price_of
from billing.sandbox.lists import listed
from billing.sandbox.metadata import merged
from billing.sandbox.subscribing import period_line
from billing.sandbox.unit import Unit

_SERVED = {"items", "start_date", "end_date", "duration", "proration_behavior", "metadata",
           "description", "currency", "default_payment_method", "collection_method"}  # fmt: skip
_EMPTY: Json = {
    "add_invoice_items": [],
    "application_fee_percent": None,
    "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
    "billing_cycle_anchor": None,
    "billing_thresholds": None,
    "collection_method": None,
    "default_payment_method": None,
    "default_tax_rates": [],
    "description": None,
    "discounts": [],
    "invoice_settings": None,
    "metadata": {},
    "on_behalf_of": None,
    "transfer_data": None,
    "trial": None,
    "trial_end": None,
}


def of_subscription(subscription: Json) -> Json:
    """The phase that a subscription is in: its present items up to the end of the period."""
    items = subscription["items"]["data"]
    return _EMPTY | {
        "currency": subscription["currency"],
        "default_payment_method": subscription["default_payment_method"],
        "end_date": items[0]["current_period_end"],
        "items": [_item(item["price"]["id"], item["quantity"]) for item in items],
        "proration_behavior": "create_prorations",
        "start_date": items[0]["current_period_start"],
        "trial_end": subscription["trial_end"] if subscription["status"] == "trialing" else None,
    }


def from_params(unit: Unit, schedule: Json, given: list[Json]) -> list[Json]:
    """The phases of a call, each beginning where the one before ends."""
    found: list[Json] = []
    for i, entry in enumerate(given):
        for name in entry:
            if name not in _SERVED:
                raise not_served(name, f"phases[{i}][{name}]")
        start = entry.get("start_date", found[-1]["end_date"] if found else None)
        start = unit.now if start == "now" else start
        if start is None:
            start = schedule["phases"][0]["start_date"]
        if found and start != found[-1]["end_date"]:
            raise invalid("Phases must be contiguous: each must start when the one before it ends.",
                          f"phases[{i}][start_date]")  # fmt: skip
        found.append(_phase(unit, schedule, entry, (i, start)))
    _check_current(unit, schedule, found)
    return found


def current(phases: list[Json], at: int) -> Json | None:
    """The phase that a moment lies in."""
    return next((p for p in phases if p["start_date"] <= at < p["end_date"]), None)


def wanted_items(subscription: Json, phase: Json) -> list[Json]:
    """A phase's items as parameters of an update: existing items are kept in their order."""
    own = [item["id"] for item in subscription["items"]["data"]]
    entries = [{"price": item["price"], "quantity": item["quantity"]} for item in phase["items"]]
    kept = [{"id": key} | entry for key, entry in zip(own, entries, strict=False)]
    gone = [{"id": key, "deleted": True} for key in own[len(entries) :]]
    return kept + entries[len(own) :] + gone


def at_renewal(unit: Unit, subscription: Json) -> Json:
    """The subscription as it will be when its period has ended: next phase, next period."""
    end = min(changing.ends(subscription))
    after = subscription | ({"status": "active"} if subscription["status"] == "trialing" else {})
    schedule = unit.objects.find(subscription["schedule"] or "")
    phase = schedule and current(schedule["phases"], end)
    items: list[Json] = subscription["items"]["data"]
    if phase:
        items = changing.items_after(unit, subscription, wanted_items(subscription, phase))
        if changing.interval(items) != changing.interval(subscription["items"]["data"]):
            after["billing_cycle_anchor"] = end
    rolled = [changing.with_period(item, changing.next_period(after, item, end)) for item in items]
    return after | {"items": listed(rolled, subscription["items"]["url"])}


def lines_of(unit: Unit, subscription: Json) -> list[Json]:
    """The invoice lines of the periods that its items are in."""
    return [period_line(unit, subscription, item) for item in subscription["items"]["data"]]


def _phase(unit: Unit, schedule: Json, entry: Json, place: tuple[int, int]) -> Json:
    i, start = place
    items = []
    for j, item in enumerate(entry["items"]):
        price = price_of(unit, item, f"phases[{i}][items][{j}]")
        if price["recurring"] is None:
            raise invalid("Phases take prices with `type=recurring` only.",
                          f"phases[{i}][items][{j}][price]")  # fmt: skip
        items.append((price, item.get("quantity", 1)))
    end = _end(unit, entry, start, path=f"phases[{i}]")
    plain = ("description", "default_payment_method", "collection_method")
    return (
        _EMPTY
        | {name: entry[name] or None for name in plain if name in entry}
        | {
            "currency": items[0][0]["currency"] if items else schedule["phases"][0]["currency"],
            "end_date": end,
            "items": [_item(price["id"], quantity) for price, quantity in items],
            "metadata": merged(None, entry.get("metadata")),
            "proration_behavior": entry.get("proration_behavior", "create_prorations"),
            "start_date": start,
        }
    )


def _end(unit: Unit, entry: Json, start: int, *, path: str) -> int:
    if ("end_date" in entry) == ("duration" in entry):
        raise invalid(f"You must specify exactly one of `end_date` and `duration` in `{path}`.",
                      f"{path}[end_date]")  # fmt: skip
    if "duration" in entry:
        duration = entry["duration"]
        return periods.after(start, duration["interval"], duration.get("interval_count", 1))
    end = unit.now if entry["end_date"] == "now" else int(entry["end_date"])
    if end <= start:
        raise invalid("The end of a phase must be after its start.", f"{path}[end_date]")
    return end


def _check_current(unit: Unit, schedule: Json, phases: list[Json]) -> None:
    """The phase that runs keeps its start; its end may move, but not into the past."""
    if not phases:
        raise invalid("A schedule must have at least one phase.", "phases")
    running = schedule["current_phase"]
    if running and running["start_date"] not in {phase["start_date"] for phase in phases}:
        raise invalid("You can not modify the start date of the current phase.",
                      "phases[0][start_date]")  # fmt: skip
    if phases[-1]["end_date"] <= unit.now:
        raise invalid("The last phase must end in the future.", "phases")


def _item(price_id: str, quantity: int) -> Json:
    return {
        "billing_thresholds": None,
        "discounts": [],
        "metadata": {},
        "plan": price_id,
        "price": price_id,
        "quantity": quantity,
        "tax_rates": [],
    }
