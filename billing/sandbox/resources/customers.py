"""/v1/customers"""

import secrets

from billing.sandbox import clocks, ending, saving
from billing.sandbox.contract import Json
from billing.sandbox.errors import invalid, no_such
from billing.sandbox.expansion import includes
from billing.sandbox.lists import Query, listed
from billing.sandbox.metadata import merged
from billing.sandbox.routing import serves
from billing.sandbox.unit import Unit

_PLAIN = ("address", "balance", "description", "email", "name", "phone", "preferred_locales",
          "shipping", "tax_exempt", "invoice_prefix", "next_invoice_sequence")  # fmt: skip

_DEFAULT = "invoice_settings[default_payment_method]"


@serves("POST /v1/customers")
def create(unit: Unit, params: Json) -> Json:
    fields = _fields(unit, params, {}) | {"metadata": merged(None, params.get("metadata"))}
    if "test_clock" in params:
        clocks.refuse_more_customers(unit, params["test_clock"])
        fields["test_clock"] = params["test_clock"]
    customer = unit.create("customer", new_fields() | fields)
    customer = _with_method(unit, customer, params)
    unit.emit("customer.created", customer)
    return customer


def _with_method(unit: Unit, customer: Json, params: Json) -> Json:
    """A new customer's own card; the default may be named again as `pm_card_visa`."""
    wanted = params.get("payment_method")
    default = params.get("invoice_settings", {}).get("default_payment_method")
    if wanted is None:
        if default:
            raise _foreign(default)
        return customer
    method = saving.attach(unit, saving.usable(unit, wanted), customer["id"])
    if default is None:
        return customer
    if default not in (wanted, method["id"]):
        raise _foreign(default)
    settings = customer["invoice_settings"] | {"default_payment_method": method["id"]}
    return unit.change(customer, {"invoice_settings": settings})


def new_fields() -> Json:
    """What Stripe fills in for every new customer."""
    return {
        "balance": 0,
        "delinquent": False,
        "invoice_prefix": secrets.token_hex(4).upper(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "next_invoice_sequence": 1,
        "preferred_locales": [],
        "tax_exempt": "none",
    }


@serves("GET /v1/customers/{customer}")
def retrieve(unit: Unit, _params: Json, customer_id: str) -> Json:
    return unit.get("customer", customer_id)


@serves("POST /v1/customers/{customer}")
def update(unit: Unit, params: Json, customer_id: str) -> Json:
    customer = live(unit, customer_id, param="id", status=404)
    changes = _fields(unit, params, customer)
    changes["metadata"] = merged(customer["metadata"], params.get("metadata"))
    return unit.change(customer, changes, "customer.updated")


@serves("DELETE /v1/customers/{customer}")
def delete(unit: Unit, _params: Json, customer_id: str) -> Json:
    customer = live(unit, customer_id, param="id", status=404)
    for subscription in unit.objects.all("subscription", customer=customer_id):
        if subscription["status"] not in ending.ENDED:
            why = ending.details(subscription, {}, "cancellation_requested")
            ending.end(unit, subscription, why)
    unit.emit("customer.deleted", customer)
    stub = {"id": customer_id, "object": "customer", "deleted": True}
    unit.objects.replace(stub)
    return stub


@serves("GET /v1/customers")
def list_(unit: Unit, params: Json) -> Json:
    query = Query(unit, "customer", params).equal(email="email", test_clock="test_clock")
    query.ranged("created").where("json_extract(body, '$.deleted') IS NULL")
    if "test_clock" not in params:
        # As at Stripe: the customers of test clocks are listed by their clock only.
        query.where("json_extract(body, '$.test_clock') IS NULL")
    return query.page("/v1/customers")


@includes("customer", "subscriptions")
def subscriptions(unit: Unit, customer: Json) -> Json:
    found = unit.objects.all("subscription", customer=customer["id"])
    alive = [item for item in reversed(found) if item["status"] != "canceled"]
    return listed(alive, f"/v1/customers/{customer['id']}/subscriptions")


def live(unit: Unit, customer_id: str, *, param: str = "customer", status: int = 400) -> Json:
    """A customer that can be used: deleted ones are refused as missing."""
    customer = unit.get("customer", customer_id, param=param, status=status)
    if customer.get("deleted"):
        raise no_such("customer", customer_id, param=param, status=status)
    return customer


def _fields(unit: Unit, params: Json, customer: Json) -> Json:
    fields = {name: params[name] for name in _PLAIN if name in params}
    fields = {name: None if value == "" else value for name, value in fields.items()}
    email = fields.get("email")
    if email is not None and "@" not in email:
        raise invalid(f"Invalid email address: {email}", "email", "email_invalid")
    settings = params.get("invoice_settings") or {}
    if customer and "default_payment_method" in settings:
        chosen = settings["default_payment_method"] or None
        if chosen:
            _refuse_foreign(unit, chosen, customer)
        fields["invoice_settings"] = customer["invoice_settings"] | {
            "default_payment_method": chosen
        }
    return fields


def _refuse_foreign(unit: Unit, payment_method_id: str, customer: Json) -> None:
    method = unit.referenced("payment_method", payment_method_id, _DEFAULT)
    if method["customer"] != customer["id"]:
        raise _foreign(payment_method_id)


def _foreign(payment_method_id: str) -> Exception:
    return invalid(
        "The customer does not have a payment method with the ID "
        f"{payment_method_id}. The payment method must be attached to the customer.",
        _DEFAULT,
        "resource_missing",
    )
