"""/v1/checkout/sessions"""

from billing.sandbox import checkout_rules as rules
from billing.sandbox import session_terms, settling, setups
from billing.sandbox.contract import Json
from billing.sandbox.discounting import Purchase, redeemable
from billing.sandbox.errors import ApiError, invalid, not_served
from billing.sandbox.expansion import includes
from billing.sandbox.ids import new_id, token
from billing.sandbox.line_items import purchased_items
from billing.sandbox.lists import Query, listed
from billing.sandbox.metadata import merged
from billing.sandbox.resources import customers
from billing.sandbox.routing import serves
from billing.sandbox.totals import LIABILITY
from billing.sandbox.unit import Unit

_COPIED = ("allow_promotion_codes", "allowed_payment_method_types", "billing_address_collection",
           "cancel_url", "client_reference_id", "locale", "submit_type", "success_url",
           "integration_identifier", "origin_context")  # fmt: skip
_PRIVATE = ("subscription_data", "payment_intent_data", "invoice_creation", "customer_update")


@serves("POST /v1/checkout/sessions")
def create(unit: Unit, params: Json) -> Json:
    rules.check(params)
    if params["mode"] == "setup":
        fields = _fields(unit, params) | _setup_fields(unit, params)
        return _opened(unit, params, fields, {"line_items": []})
    items = purchased_items(unit, params["line_items"], params["mode"])
    private = {name: params[name] for name in _PRIVATE if name in params}
    private["line_items"] = items
    rules.check_trial(unit.now, params.get("subscription_data", {}))
    fields = _fields(unit, params) | {"currency": items[0]["currency"]}
    subtotal = sum(item["amount_subtotal"] for item in items)
    purchase = Purchase(params.get("customer"), items[0]["currency"], subtotal)
    found = redeemable(unit, params.get("discounts") or [], purchase, "discounts")
    private["redeemed"] = session_terms.remembered(found)
    fields["discounts"] = session_terms.shown(found)
    rules.check_tax(unit, params)
    return _opened(unit, params, fields | session_terms.due_today(unit, fields, private), private)


def _opened(unit: Unit, params: Json, fields: Json, private: Json) -> Json:
    fields["expires_at"] = rules.expires_at(unit.real_now, params)
    private["nonce"] = token(24)
    session = unit.create("checkout.session", fields, private)
    unit.schedule_for_real("expire_session", session["id"], session["expires_at"])
    return session


def _setup_fields(unit: Unit, params: Json) -> Json:
    data = params.get("setup_intent_data", {})
    if "on_behalf_of" in data:
        raise not_served("setup_intent_data[on_behalf_of]", "setup_intent_data[on_behalf_of]")
    fields = {
        "customer": params.get("customer"),
        "description": data.get("description"),
        "metadata": merged(None, data.get("metadata")),
    }
    setup = setups.create(unit, fields)
    return {
        "currency": params["currency"].lower(),
        "payment_status": "no_payment_required",
        "setup_intent": setup["id"],
    }


@serves("GET /v1/checkout/sessions/{session}")
def retrieve(unit: Unit, _params: Json, session_id: str) -> Json:
    return unit.get("checkout.session", session_id, param="session")


@serves("POST /v1/checkout/sessions/{session}")
def update(unit: Unit, params: Json, session_id: str) -> Json:
    session = unit.get("checkout.session", session_id, param="session")
    for name in params:
        if name != "metadata":
            raise not_served(name, name)
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
    return settling.expire(unit, session)


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


def _fields(unit: Unit, params: Json) -> Json:
    session_id = new_id("checkout.session")
    customer = customers.live(unit, params["customer"]) if "customer" in params else None
    is_subscription = params["mode"] == "subscription"
    creation = "always" if is_subscription else params.get("customer_creation", "if_required")
    email = customer["email"] if customer else params.get("customer_email")
    known = dict.fromkeys(("address", "business_name", "individual_name", "name", "phone"))
    tax = {"enabled": params.get("automatic_tax", {}).get("enabled", False)}
    fields = {name: params[name] for name in _COPIED if name in params}
    return fields | {
        "id": session_id,
        "automatic_tax": tax | {"liability": LIABILITY if tax["enabled"] else None,
                                "provider": "stripe" if tax["enabled"] else None,
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
