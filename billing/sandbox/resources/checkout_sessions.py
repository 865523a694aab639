"""/v1/checkout/sessions"""

from urllib.parse import urlsplit

from billing.sandbox import purchase
from billing.sandbox.contract import Json
from billing.sandbox.errors import ApiError, invalid, parameter_missing
from billing.sandbox.expansion import includes
from billing.sandbox.ids import new_id, token
from billing.sandbox.line_items import purchased_items
from billing.sandbox.lists import Query, listed
from billing.sandbox.metadata import merged
from billing.sandbox.resources import customers
from billing.sandbox.routing import serves
from billing.sandbox.subscribing import DAY_SECONDS, trial_end_of
from billing.sandbox.unit import Unit

SHORTEST_SECONDS, LONGEST_SECONDS = 30 * 60, 24 * 3600
SLACK_SECONDS = 60
MINIMUM_MINOR = {"usd": 50, "eur": 50, "gbp": 30}
_COPIED = ("allow_promotion_codes", "allowed_payment_method_types", "billing_address_collection",
           "cancel_url", "client_reference_id", "locale", "submit_type", "success_url",
           "integration_identifier", "origin_context")  # fmt: skip
_PRIVATE = ("subscription_data", "payment_intent_data", "invoice_creation")
_NOT_SERVED = ("optional_items", "shipping_options", "setup_intent_data")
_ONLY_IN = {
    "payment_intent_data": "payment",
    "invoice_creation": "payment",
    "customer_creation": "payment",
    "subscription_data": "subscription",
    "payment_method_collection": "subscription",
}


@serves("POST /v1/checkout/sessions")
def create(unit: Unit, params: Json) -> Json:
    _check(params)
    mode = params["mode"]
    items = purchased_items(unit, params["line_items"], mode)
    private: Json = {"line_items": items, "nonce": token(24)}
    private |= {name: params[name] for name in _PRIVATE if name in params}
    data = params.get("subscription_data", {})
    _check_trial(unit, data)
    subtotal = sum(
        item["amount_total"]
        for item in items
        if not (trial_end_of(unit.now, data) and item["price"]["recurring"])
    )
    _check_minimum(items[0]["currency"], subtotal)
    fields = _fields(unit, params) | {
        "amount_subtotal": subtotal,
        "amount_total": subtotal,
        "currency": items[0]["currency"],
        "expires_at": _expires_at(unit, params),
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
    }
    session = unit.create("checkout.session", fields, private)
    unit.schedule("expire_session", session["id"], session["expires_at"])
    return session


@serves("GET /v1/checkout/sessions/{session}")
def retrieve(unit: Unit, _params: Json, session_id: str) -> Json:
    return unit.get("checkout.session", session_id, param="session")


@serves("POST /v1/checkout/sessions/{session}")
def update(unit: Unit, params: Json, session_id: str) -> Json:
    session = unit.get("checkout.session", session_id, param="session")
    for name in params:
        if name != "metadata":
            raise not_served(name)
    metadata = merged(session["metadata"], params.get("metadata"))
    return unit.change(session, {"metadata": metadata})


@serves("POST /v1/checkout/sessions/{session}/expire")
def expire(unit: Unit, _params: Json, session_id: str) -> Json:
    session = unit.get("checkout.session", session_id, param="session")
    if session["status"] != "open":
        raise ApiError(
            'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout '
            f"Session has a status of {session['status']}."
        )
    return purchase.expire(unit, session)


@serves("GET /v1/checkout/sessions")
def list_(unit: Unit, params: Json) -> Json:
    query = Query(unit, "checkout.session", params).equal(
        customer="customer",
        status="status",
        subscription="subscription",
        payment_intent="payment_intent",
    )
    email = params.get("customer_details", {}).get("email")
    query.one_of("customer_details__email", [email] if email else None)
    return query.ranged("created").page("/v1/checkout/sessions")


@serves("GET /v1/checkout/sessions/{session}/line_items")
def list_line_items(unit: Unit, params: Json, session_id: str) -> Json:
    session = unit.get("checkout.session", session_id, param="session")
    items = unit.objects.private(session_id)["line_items"]
    limit = params.get("limit", 10)
    start = 0
    if "starting_after" in params:
        known = [item["id"] for item in items]
        if params["starting_after"] not in known:
            raise invalid(f"No such line item: '{params['starting_after']}'", "starting_after")
        start = known.index(params["starting_after"]) + 1
    url = f"/v1/checkout/sessions/{session['id']}/line_items"
    return listed(items[start : start + limit], url, has_more=len(items) > start + limit)


@includes("checkout.session", "line_items")
def included_line_items(unit: Unit, session: Json) -> Json:
    return list_line_items(unit, {}, session["id"])


def not_served(name: str) -> ApiError:
    """For what Stripe takes and the sandbox does not: never ignored in silence."""
    return invalid(f"The local sandbox does not serve the parameter `{name}` yet.", name)


def _check(params: Json) -> None:
    """The rules between parameters that their types cannot say."""
    if "mode" not in params:
        raise parameter_missing("mode")
    if params["mode"] == "setup" or params.get("ui_mode", "hosted_page") != "hosted_page":
        raise not_served("mode" if params["mode"] == "setup" else "ui_mode")
    for name in _NOT_SERVED:
        if name in params:
            raise not_served(name)
    if not params.get("line_items"):
        raise parameter_missing("line_items")
    if "success_url" not in params:
        raise parameter_missing("success_url")
    for name in ("success_url", "cancel_url"):
        if name in params and urlsplit(params[name]).scheme not in ("http", "https"):
            raise invalid("Not a valid URL", name, "url_invalid")
    for name, mode in _ONLY_IN.items():
        if name in params and params["mode"] != mode:
            raise invalid(f"You can not pass `{name}` in `{params['mode']}` mode.", name)
    for one, other in (
        ("customer", "customer_email"),
        ("customer", "customer_creation"),
        ("discounts", "allow_promotion_codes"),
    ):
        if one in params and other in params:
            raise invalid(f"You may only specify one of these parameters: {one}, {other}.", one,
                          "parameters_exclusive")  # fmt: skip
    if "customer_update" in params and "customer" not in params:
        raise invalid("`customer_update` can only be used with `customer`.", "customer_update")
    for i, discount in enumerate(params.get("discounts", [])):
        kind, name = next(iter(discount.items()))
        raise invalid(f"No such {kind.replace('_', ' ')}: '{name}'", f"discounts[{i}][{kind}]",
                      "resource_missing")  # fmt: skip


def _check_trial(unit: Unit, data: Json) -> None:
    end = data.get("trial_end")
    if end is not None and end < unit.now + 2 * DAY_SECONDS:
        raise invalid("The `trial_end` date has to be at least 2 days in the future.",
                      "subscription_data[trial_end]")  # fmt: skip
    if data.get("trial_period_days", 1) < 1:
        raise invalid("The minimum number of trial period days is 1.",
                      "subscription_data[trial_period_days]")  # fmt: skip


def _check_minimum(currency: str, total: int) -> None:
    minimum = MINIMUM_MINOR.get(currency, 0)
    if 0 < total < minimum:
        raise ApiError(
            "The Checkout Session's total amount due must add up to at least "
            f"{minimum / 100:.2f} {currency}",
            code="amount_too_small",
        )


def _expires_at(unit: Unit, params: Json) -> int:
    wanted = int(params.get("expires_at", unit.now + LONGEST_SECONDS))
    if wanted < unit.now + SHORTEST_SECONDS - SLACK_SECONDS:
        raise invalid("The `expires_at` timestamp must be at least 30 minutes from Checkout "
                      "Session creation.", "expires_at")  # fmt: skip
    if wanted > unit.now + LONGEST_SECONDS + SLACK_SECONDS:
        raise invalid("The `expires_at` timestamp must be less than 24 hours from Checkout "
                      "Session creation.", "expires_at")  # fmt: skip
    return wanted


def _fields(unit: Unit, params: Json) -> Json:
    session_id = new_id("checkout.session")
    customer = customers.live(unit, params["customer"]) if "customer" in params else None
    is_subscription = params["mode"] == "subscription"
    creation = "always" if is_subscription else params.get("customer_creation", "if_required")
    email = customer["email"] if customer else params.get("customer_email")
    known = {
        name: None for name in ("address", "business_name", "individual_name", "name", "phone")
    }
    tax = {"enabled": params.get("automatic_tax", {}).get("enabled", False)}
    fields = {name: params[name] for name in _COPIED if name in params}
    return fields | {
        "id": session_id,
        "automatic_tax": tax | {"liability": None, "provider": None,
                                "status": "complete" if tax["enabled"] else None},
        "customer": customer and customer["id"],
        "customer_creation": None if customer else creation,
        "customer_details": known | {"email": email, "tax_exempt": "none", "tax_ids": []}
        if email else None,
        "customer_email": params.get("customer_email"),
        "discounts": [],
        "metadata": merged(None, params.get("metadata")),
        "mode": params["mode"],
        "payment_method_collection":
            params.get("payment_method_collection", "always" if is_subscription else "if_required"),
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "payment_method_types": ["card", "us_bank_account"],
        "payment_status": "unpaid",
        "phone_number_collection": {"enabled": False},
        "saved_payment_method_options": None,
        "status": "open",
        "ui_mode": "hosted_page",
        "url": f"{unit.base_url}/c/pay/{session_id}",
    }  # fmt: skip
