"""/v1/billing_portal/sessions: a link to the hosted portal page of one customer."""

from billing.sandbox.contract import Json
from billing.sandbox.errors import ApiError, invalid, not_served, parameter_missing
from billing.sandbox.ids import new_id
from billing.sandbox.portal_changes import offered
from billing.sandbox.resources import billing_portal_configurations as configurations
from billing.sandbox.resources import customers
from billing.sandbox.routing import serves
from billing.sandbox.unit import Unit

# A flow, and the feature that it is part of.
_FEATURES = {
    "customer_update": "customer_update",
    "payment_method_update": "payment_method_update",
    "subscription_cancel": "subscription_cancel",
    "subscription_update": "subscription_update",
    "subscription_update_confirm": "subscription_update",
}
_HASHES = ("subscription_cancel", "subscription_pause", "subscription_update",
           "subscription_update_confirm")  # fmt: skip


@serves("POST /v1/billing_portal/sessions")
def create(unit: Unit, params: Json) -> Json:
    if "customer" not in params:
        raise parameter_missing("customer")
    customer = customers.live(unit, params["customer"])
    configuration = configurations.chosen(unit, params.get("configuration"))
    session_id = new_id("billing_portal.session")
    fields = {
        "id": session_id,
        "configuration": configuration["id"],
        "customer": customer["id"],
        "flow": _flow(unit, params.get("flow_data"), customer, configuration["features"]),
        "locale": params.get("locale"),
        "return_url": params.get("return_url") or configuration["default_return_url"],
        "url": f"{unit.base_url}/p/session/{session_id}",
    }
    session = unit.create("billing_portal.session", fields)
    unit.emit("billing_portal.session.created", session)
    return session


def _flow(unit: Unit, given: Json | None, customer: Json, features: Json) -> Json | None:
    if given is None:
        return None
    kind = given["type"]
    if kind not in _FEATURES:
        raise not_served(f"flow_data[type]={kind}", "flow_data[type]")
    if not features[_FEATURES[kind]]["enabled"]:
        raise ApiError(
            f"The {_FEATURES[kind].replace('_', ' ')} feature is disabled in the portal "
            "configuration.",
            param="flow_data[type]",
        )
    if kind in _HASHES:
        if kind not in given:
            raise parameter_missing(f"flow_data[{kind}]")
        _check_subscription(unit, given, customer, features)
    completion = {"hosted_confirmation": None, "redirect": None, "type": "portal_homepage"}
    wanted = completion | given.get("after_completion", {})
    if wanted["type"] == "redirect" and not wanted["redirect"]:
        raise parameter_missing("flow_data[after_completion][redirect]")
    hashes: Json = {name: _answered(name, given.get(name)) for name in _HASHES}
    return {"type": kind, "after_completion": wanted} | hashes


def _answered(name: str, given: Json | None) -> Json | None:
    """The hash of a flow with everything that its answer has."""
    if given is None:
        return None
    if name == "subscription_cancel":
        return {"retention": None} | given
    if name == "subscription_update_confirm":
        return given | {"discounts": given.get("discounts")}
    return given


def _check_subscription(unit: Unit, given: Json, customer: Json, features: Json) -> None:
    kind = given["type"]
    flow, path = given[kind], f"flow_data[{kind}]"
    subscription = unit.referenced("subscription", flow["subscription"], f"{path}[subscription]")
    if subscription["customer"] != customer["id"]:
        raise invalid("The subscription does not belong to this customer.",
                      f"{path}[subscription]")  # fmt: skip
    is_ending = subscription["cancel_at"] or subscription["cancel_at_period_end"]
    if subscription["status"] in ("canceled", "incomplete_expired") or is_ending:
        verb = "canceled" if kind == "subscription_cancel" else "updated"
        raise ApiError(
            f"The subscription {subscription['id']} cannot be {verb} because it has ended or is "
            "set to end.",
            param=f"{path}[subscription]",
        )
    if flow.get("retention") or flow.get("discounts"):
        raise not_served("discounts of a flow", path)
    if kind == "subscription_update_confirm":
        _check_items(unit, flow, subscription, features)


def _check_items(unit: Unit, flow: Json, subscription: Json, features: Json) -> None:
    path = "flow_data[subscription_update_confirm][items]"
    if len(flow["items"]) != 1:
        raise not_served("several items", path)
    item = flow["items"][0]
    known = subscription["items"]["data"][0]
    if item["id"] != known["id"]:
        raise invalid(f"No such subscription item: '{item['id']}'", f"{path}[0][id]")
    wanted = item.get("price", known["price"]["id"])
    allowed = [price["id"] for price in offered(unit, features, subscription)]
    if wanted != known["price"]["id"] and wanted not in allowed:
        raise invalid(
            f"The price {wanted} is not among the prices of the portal configuration.",
            f"{path}[0][price]",
        )
    if "quantity" in item and item["quantity"] != known["quantity"]:
        raise not_served("quantities in the portal", f"{path}[0][quantity]")
