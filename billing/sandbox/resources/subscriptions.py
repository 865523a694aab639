"""/v1/subscriptions: read, changed, ended."""

from billing.sandbox import (
    changing,
    creating,
    discounting,
    ending,
    pausing,
    saving,
    schedules,
    updating,
)
from billing.sandbox.contract import Json
from billing.sandbox.errors import ApiError, invalid, not_served, parameter_missing
from billing.sandbox.lists import Query
from billing.sandbox.metadata import merged
from billing.sandbox.resources import customers
from billing.sandbox.routing import serves
from billing.sandbox.subscribing import PAYMENT_SETTINGS, UPDATED
from billing.sandbox.totals import tax_settings
from billing.sandbox.unit import Unit

_PATH = "/v1/subscriptions/{subscription_exposed_id}"
_ENDING = {"cancel_at_period_end", "cancel_at", "cancellation_details"}
_PLAIN = {"metadata", "description", "default_payment_method", "payment_behavior", "off_session",
          "pause_collection", "trial_settings", "discounts", "automatic_tax"}  # fmt: skip
_CREATE = {"customer", "items", "default_payment_method", "payment_behavior", "metadata",
           "description", "trial_end", "trial_period_days", "trial_settings", "off_session",
           "proration_behavior", "discounts", "automatic_tax", "billing_mode", "collection_method",
           "payment_settings"} | _ENDING  # fmt: skip
_PENDABLE = changing.PARAMS | {"payment_behavior", "off_session"}


@serves(f"GET {_PATH}")
def retrieve(unit: Unit, _params: Json, subscription_id: str) -> Json:
    return unit.get("subscription", subscription_id)


@serves(f"POST {_PATH}")
def update(unit: Unit, params: Json, subscription_id: str) -> Json:
    subscription = ending.alive(unit, subscription_id)
    _check(subscription, params)
    changes = _plain(unit, subscription, params) | ending.planned(unit, subscription, params)
    if not changing.PARAMS & set(params):
        return unit.change(subscription, changes, UPDATED)
    if "discounts" in changes:
        # What the change costs is reduced already.
        subscription = unit.change(subscription, {"discounts": changes["discounts"]})
    change = changing.plan(unit, subscription, params)
    change.fields.update(changes)
    behavior = params.get("payment_behavior", "allow_incomplete")
    subscription = updating.apply(unit, subscription, change, behavior)
    schedules.follow_update(unit, subscription)
    return unit.get("subscription", subscription_id)


@serves("POST /v1/subscriptions")
def create(unit: Unit, params: Json) -> Json:
    for name in params:
        if name not in _CREATE:
            raise not_served(name, name)
    for name in ("customer", "items"):
        if not params.get(name):
            raise parameter_missing(name)
    _refuse_other_ways(params)
    customer = customers.live(unit, params["customer"])
    saved = {"payment_settings": PAYMENT_SETTINGS | params.get("payment_settings", {})}
    fields: Json = {"metadata": merged(None, params.get("metadata"))} | saved
    if "default_payment_method" in params:
        method = saving.usable(unit, params["default_payment_method"], "default_payment_method")
        fields["default_payment_method"] = method["id"]
    if "automatic_tax" in params:
        fields["automatic_tax"] = tax_settings(unit, "subscription", params["automatic_tax"])
    subscription = creating.create(unit, customer, params, fields)
    ends = ending.planned(unit, subscription, params)
    return unit.change(subscription, ends, UPDATED)


def _refuse_other_ways(params: Json) -> None:
    """Only a card that is charged at once, in the flexible mode, from today on, is served."""
    if params.get("billing_cycle_anchor"):
        raise not_served("billing_cycle_anchor", "billing_cycle_anchor")
    if params.get("collection_method", "charge_automatically") != "charge_automatically":
        raise not_served("collection_method", "collection_method")
    if params.get("billing_mode", {"type": "flexible"}) != {"type": "flexible"}:
        raise not_served("billing_mode", "billing_mode")
    for name in params.get("payment_settings", {}):
        if name != "save_default_payment_method":
            raise not_served(f"payment_settings[{name}]", f"payment_settings[{name}]")


@serves(f"DELETE {_PATH}")
def cancel(unit: Unit, params: Json, subscription_id: str) -> Json:
    subscription = ending.alive(unit, subscription_id)
    details = ending.details(subscription, params, "cancellation_requested")
    if params.get("prorate"):
        lines = changing.unused_time(unit, subscription, unit.now)
        updating.keep_lines(unit, subscription, lines)
    if params.get("invoice_now"):
        subscription = updating.bill_pending(unit, subscription)
    return ending.end(unit, subscription, details)


@serves("POST /v1/subscriptions/{subscription}/pause")
def pause(unit: Unit, params: Json, subscription_id: str) -> Json:
    return pausing.pause(unit, ending.alive(unit, subscription_id), params)


@serves("POST /v1/subscriptions/{subscription}/resume")
def resume(unit: Unit, params: Json, subscription_id: str) -> Json:
    return pausing.resume(unit, ending.alive(unit, subscription_id), params)


@serves("GET /v1/subscriptions")
def list_(unit: Unit, params: Json) -> Json:
    query = Query(unit, "subscription", params).equal(customer="customer", test_clock="test_clock")
    query.ranged("created")
    if not {"customer", "test_clock"} & set(params):
        # As at Stripe: those of test clocks are listed by their clock or customer only.
        query.where("json_extract(body, '$.test_clock') IS NULL")
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


def _check(subscription: Json, params: Json) -> None:
    for name in params:
        if name not in _PLAIN | _ENDING | changing.PARAMS:
            raise not_served(name, name)
    if params.get("cancel_at_period_end") and params.get("cancel_at"):
        raise invalid("You may only specify one of these parameters: cancel_at, "
                      "cancel_at_period_end.", "cancel_at", "parameters_exclusive")  # fmt: skip
    if subscription["schedule"] and {"cancel_at", "cancel_at_period_end"} & set(params):
        raise ApiError(
            f"The subscription is managed by the subscription schedule "
            f"`{subscription['schedule']}`, and updating any cancelation behavior directly is not "
            "allowed. Please update the schedule instead."
        )
    if params.get("payment_behavior") == "pending_if_incomplete":
        for name in params:
            if name not in _PENDABLE:
                raise invalid(
                    f"You cannot update `{name}` when `payment_behavior` is "
                    "`pending_if_incomplete`.", name,
                )  # fmt: skip


def _plain(unit: Unit, subscription: Json, params: Json) -> Json:
    """The fields that neither cost anything nor end it."""
    changes: Json = {"metadata": merged(subscription["metadata"], params.get("metadata"))}
    if "description" in params:
        changes["description"] = params["description"] or None
    if params.get("default_payment_method"):
        method = params["default_payment_method"]
        unit.referenced("payment_method", method, "default_payment_method")
        changes["default_payment_method"] = method
    if "pause_collection" in params:
        given = params["pause_collection"]
        changes["pause_collection"] = {"resumes_at": None} | given if given else None
        if given and given.get("resumes_at"):
            unit.schedule("resume_collection", subscription["id"], given["resumes_at"])
    if "discounts" in params:
        changes["discounts"] = discounting.replaced(unit, subscription, params["discounts"])
    if "automatic_tax" in params:
        changes["automatic_tax"] = tax_settings(unit, "subscription", params["automatic_tax"])
    if "trial_settings" in params:
        changes["trial_settings"] = params["trial_settings"]
    return changes
