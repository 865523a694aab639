"""/v1/billing_portal/configurations: what the hosted portal lets a customer do."""

from urllib.parse import urlsplit

from billing.sandbox.contract import Json
from billing.sandbox.errors import ApiError, invalid, not_served, parameter_missing
from billing.sandbox.lists import Query
from billing.sandbox.metadata import merged
from billing.sandbox.routing import serves
from billing.sandbox.unit import Unit

KIND = "billing_portal.configuration"
_PATH = "/v1/billing_portal/configurations/{configuration}"
_REASONS = ["customer_service", "low_quality", "missing_features", "other", "switched_service",
            "too_complex", "too_expensive", "unused"]  # fmt: skip
_OFF: Json = {
    "customer_update": {"allowed_updates": [], "enabled": False},
    "invoice_history": {"enabled": False},
    "payment_method_update": {"enabled": False, "payment_method_configuration": None},
    "subscription_cancel": {
        "cancellation_reason": {"enabled": False, "feedback_options": None, "options": _REASONS},
        "enabled": False,
        "mode": "at_period_end",
        "proration_behavior": "none",
    },
    "subscription_pause": {
        "duration": {"interval_options": [], "type": "indefinite"},
        "enabled": False,
    },
    "subscription_update": {
        "billing_cycle_anchor": "unchanged",
        "default_allowed_updates": [],
        "enabled": False,
        "products": [],
        "proration_behavior": "none",
        "schedule_at_period_end": {"conditions": []},
        "trial_update_behavior": "end_trial",
    },
}
_DEFAULT_FEATURES: Json = {
    "customer_update": {"allowed_updates": ["email", "name"], "enabled": True},
    "invoice_history": {"enabled": True},
    "payment_method_update": {"enabled": True},
    "subscription_cancel": {"enabled": True},
}


@serves("POST /v1/billing_portal/configurations")
def create(unit: Unit, params: Json) -> Json:
    configuration = unit.create(KIND, _fields(unit, params, _OFF) | {"is_default": False})
    unit.emit("billing_portal.configuration.created", configuration)
    return configuration


@serves(f"GET {_PATH}")
def retrieve(unit: Unit, _params: Json, configuration_id: str) -> Json:
    return unit.get(KIND, configuration_id, param="configuration")


@serves(f"POST {_PATH}")
def update(unit: Unit, params: Json, configuration_id: str) -> Json:
    configuration = unit.get(KIND, configuration_id, param="configuration")
    if params.get("active") is False and configuration["is_default"]:
        raise invalid("The default configuration cannot be deactivated.", "active")
    changes = _fields(unit, params, configuration["features"], configuration)
    return unit.change(configuration, changes, "billing_portal.configuration.updated")


@serves("GET /v1/billing_portal/configurations")
def list_(unit: Unit, params: Json) -> Json:
    query = Query(unit, KIND, params).equal(active="active", is_default="is_default")
    return query.page("/v1/billing_portal/configurations")


def chosen(unit: Unit, configuration_id: str | None) -> Json:
    """The configuration of that id, or the account's default, made on first use."""
    if configuration_id:
        found = unit.referenced(KIND, configuration_id, "configuration")
        if not found["active"]:
            raise invalid("This portal configuration is not active.", "configuration")
        return found
    for found in unit.objects.all(KIND):
        if found["is_default"]:
            return found
    fields = _fields(unit, {"features": _DEFAULT_FEATURES}, _OFF)
    configuration = unit.create(KIND, fields | {"is_default": True})
    unit.emit("billing_portal.configuration.created", configuration)
    return configuration


def _fields(unit: Unit, params: Json, features: Json, before: Json | None = None) -> Json:
    known = before or {"business_profile": {}, "metadata": None, "login_page": {}}
    empty = dict.fromkeys(("headline", "privacy_policy_url", "terms_of_service_url"))
    profile = empty | known["business_profile"] | (params.get("business_profile") or {})
    if params.get("login_page", {}).get("enabled"):
        raise not_served("login_page[enabled]", "login_page[enabled]")
    fields: Json = {
        "active": params.get("active", True),
        "business_profile": {name: value or None for name, value in profile.items()},
        "features": _features(unit, params.get("features", {}), features),
        "login_page": {"enabled": False, "url": None},
        "metadata": merged(known["metadata"], params.get("metadata")),
    }
    for name in ("default_return_url", "name"):
        if name in params:
            fields[name] = params[name] or None
    url = fields.get("default_return_url")
    if url and urlsplit(url).scheme not in ("http", "https"):
        raise invalid("Not a valid URL", "default_return_url", "url_invalid")
    return fields


def _features(unit: Unit, given: Json, before: Json) -> Json:
    features = {name: before[name] | given.get(name, {}) for name in before}
    if features["subscription_pause"]["enabled"]:
        raise not_served("features[subscription_pause]", "features[subscription_pause]")
    cancel = features["subscription_cancel"]
    base = before["subscription_cancel"]["cancellation_reason"]
    cancel["cancellation_reason"] = base | (cancel["cancellation_reason"] or {})
    change = features["subscription_update"]
    for name in ("default_allowed_updates", "products"):
        change[name] = change[name] or []
    change["products"] = [
        _product(unit, product, f"features[subscription_update][products][{i}]")
        for i, product in enumerate(change["products"])
    ]
    base = before["subscription_update"]["schedule_at_period_end"]
    change["schedule_at_period_end"] = base | (change["schedule_at_period_end"] or {})
    if change["enabled"] and not (change["products"] and change["default_allowed_updates"]):
        raise parameter_missing("features[subscription_update][products]")
    return features


def _product(unit: Unit, given: Json, path: str) -> Json:
    unit.referenced("product", given["product"], f"{path}[product]")
    for i, price_id in enumerate(given["prices"]):
        price = unit.referenced("price", price_id, f"{path}[prices][{i}]")
        if price["product"] != given["product"] or not price["recurring"]:
            raise ApiError(
                f"The price {price_id} is no recurring price of {given['product']}.",
                param=f"{path}[prices][{i}]",
            )
    quantity = {"enabled": False, "maximum": None, "minimum": 1}
    return given | {"adjustable_quantity": quantity | (given.get("adjustable_quantity") or {})}
