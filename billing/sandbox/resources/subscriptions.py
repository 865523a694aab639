"""/v1/subscriptions, as Checkout makes them: read, end, keep."""

from billing.sandbox.contract import Json
from billing.sandbox.errors import ApiError, invalid, not_served
from billing.sandbox.lists import Query
from billing.sandbox.metadata import merged
from billing.sandbox.routing import serves
from billing.sandbox.timers import timer
from billing.sandbox.unit import Unit

UPDATED = "customer.subscription.updated"
_PATH = "/v1/subscriptions/{subscription_exposed_id}"
_SERVED = {"metadata", "cancel_at_period_end", "cancel_at", "cancellation_details",
           "default_payment_method", "description"}  # fmt: skip


@serves(f"GET {_PATH}")
def retrieve(unit: Unit, _params: Json, subscription_id: str) -> Json:
    return unit.get("subscription", subscription_id)


@serves(f"POST {_PATH}")
def update(unit: Unit, params: Json, subscription_id: str) -> Json:
    subscription = _alive(unit, subscription_id)
    for name in params:
        if name not in _SERVED:
            raise not_served(name, name)
    if params.get("cancel_at_period_end") and params.get("cancel_at"):
        raise invalid("You may only specify one of these parameters: cancel_at, "
                      "cancel_at_period_end.", "cancel_at", "parameters_exclusive")  # fmt: skip
    changes: Json = {"metadata": merged(subscription["metadata"], params.get("metadata"))}
    if "description" in params:
        changes["description"] = params["description"] or None
    if params.get("default_payment_method"):
        method = params["default_payment_method"]
        unit.referenced("payment_method", method, "default_payment_method")
        changes["default_payment_method"] = method
    changes |= _ending(unit, subscription, params)
    return unit.change(subscription, changes, UPDATED)


@serves(f"DELETE {_PATH}")
def cancel(unit: Unit, params: Json, subscription_id: str) -> Json:
    subscription = _alive(unit, subscription_id)
    details = _details(subscription, params, "cancellation_requested")
    return end(unit, subscription, details)


@serves("GET /v1/subscriptions")
def list_(unit: Unit, params: Json) -> Json:
    query = Query(unit, "subscription", params).equal(customer="customer")
    query.ranged("created")
    status = params.get("status")
    if status == "ended":
        query.one_of("status", ["canceled", "incomplete_expired"])
    elif status is None:
        query.where("json_extract(body, '$.status') != ?", "canceled")
    elif status != "all":
        query.one_of("status", [status])
    if "price" in params:
        query.one_of("items__data[0]__price__id", [params["price"]])
    return query.page("/v1/subscriptions")


def end(unit: Unit, subscription: Json, details: Json) -> Json:
    """End it now and emit `customer.subscription.deleted`."""
    changes = {
        "cancel_at_period_end": False,
        "canceled_at": subscription["canceled_at"] or unit.now,
        "cancellation_details": details,
        "ended_at": unit.now,
        "status": "canceled",
    }
    subscription = unit.change(subscription, changes)
    unit.emit("customer.subscription.deleted", subscription)
    return subscription


def end_later(unit: Unit, subscription: Json, end: int, changes: Json) -> Json:
    """What changes when it is to end at a time; the end comes by itself."""
    unit.schedule("end_subscription", subscription["id"], end)
    return changes | {"cancel_at": end, "canceled_at": unit.now}


def period_end(subscription: Json) -> int:
    return max(int(item["current_period_end"]) for item in subscription["items"]["data"])


KEPT = {"cancel_at": None, "cancel_at_period_end": False, "canceled_at": None}


@timer("end_subscription")
def _end_in_time(unit: Unit, subscription_id: str) -> None:
    subscription = unit.get("subscription", subscription_id)
    due = subscription["cancel_at"]
    if subscription["status"] != "canceled" and due is not None and due <= unit.now:
        end(unit, subscription, subscription["cancellation_details"])


def _ending(unit: Unit, subscription: Json, params: Json) -> Json:
    flag, at = params.get("cancel_at_period_end"), params.get("cancel_at")
    details = {"cancellation_details": _details(subscription, params, "cancellation_requested")}
    if flag:
        changes = details | {"cancel_at_period_end": True}
        return end_later(unit, subscription, period_end(subscription), changes)
    if flag is False or at == "":
        return KEPT | {"cancellation_details": _details(subscription, params, None)}
    if isinstance(at, int):
        if at <= unit.now:
            raise invalid("`cancel_at` must be a timestamp in the future.", "cancel_at")
        return end_later(unit, subscription, at, details)
    if at:
        return end_later(unit, subscription, period_end(subscription), details)
    if "cancellation_details" in params:
        reason = subscription["cancellation_details"]["reason"]
        return {"cancellation_details": _details(subscription, params, reason)}
    return {}


def _details(subscription: Json, params: Json, reason: str | None) -> Json:
    given = params.get("cancellation_details") or {}
    kept: Json = subscription["cancellation_details"]
    answers = {name: given.get(name, kept[name]) or None for name in ("comment", "feedback")}
    return kept | answers | {"reason": reason}


def _alive(unit: Unit, subscription_id: str) -> Json:
    subscription = unit.get("subscription", subscription_id)
    if subscription["status"] in ("canceled", "incomplete_expired"):
        raise ApiError(
            f"No such subscription: '{subscription_id}'", status=404, code="resource_missing",
            param="id",
        )  # fmt: skip
    return subscription
