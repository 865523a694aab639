"""/v1/invoices of subscriptions: read, preview, pay, give up."""

from billing.sandbox import balances, collecting, confirming, invoicing, previewing, standing
from billing.sandbox.contract import Json
from billing.sandbox.errors import ApiError, invalid, not_served, parameter_missing
from billing.sandbox.expansion import includes
from billing.sandbox.lists import Query, listed
from billing.sandbox.metadata import merged
from billing.sandbox.routing import serves
from billing.sandbox.unit import Unit

_PREVIEW = {"customer", "subscription", "subscription_details", "preview_mode"}
_UPDATE = {"metadata", "auto_advance", "description", "default_payment_method"}


@serves("GET /v1/invoices/{invoice}")
def retrieve(unit: Unit, _params: Json, invoice_id: str) -> Json:
    return unit.get("invoice", invoice_id, param="invoice")


@serves("GET /v1/invoices")
def list_(unit: Unit, params: Json) -> Json:
    query = Query(unit, "invoice", params).equal(
        customer="customer", status="status", collection_method="collection_method"
    )
    if "subscription" in params:
        path = "parent__subscription_details__subscription"
        query.one_of(path, [params["subscription"]])
    return query.ranged("created", "due_date").page("/v1/invoices")


@serves("GET /v1/invoices/{invoice}/lines")
def list_lines(unit: Unit, params: Json, invoice_id: str) -> Json:
    lines: Json = unit.get("invoice", invoice_id, param="invoice")["lines"]
    start, limit = 0, params.get("limit", 10)
    if "starting_after" in params:
        known = [line["id"] for line in lines["data"]]
        if params["starting_after"] not in known:
            raise invalid(f"No such line item: '{params['starting_after']}'", "starting_after")
        start = known.index(params["starting_after"]) + 1
    page = lines["data"][start : start + limit]
    return listed(page, lines["url"], has_more=len(lines["data"]) > start + limit)


@serves("POST /v1/invoices/create_preview")
def create_preview(unit: Unit, params: Json) -> Json:
    for name in params:
        if name not in _PREVIEW:
            raise not_served(name, name)
    if "subscription" not in params:
        raise parameter_missing("subscription")
    subscription = unit.referenced("subscription", params["subscription"], "subscription")
    if params.get("customer", subscription["customer"]) != subscription["customer"]:
        raise ApiError(
            f"The subscription {subscription['id']} does not belong to the customer "
            f"{params['customer']}.",
            param="subscription",
        )
    return previewing.preview(unit, subscription, params)


@serves("POST /v1/invoices/{invoice}")
def update(unit: Unit, params: Json, invoice_id: str) -> Json:
    invoice = unit.get("invoice", invoice_id, param="invoice")
    for name in params:
        if name not in _UPDATE:
            raise not_served(name, name)
    changes = {name: params[name] or None for name in params if name != "metadata"}
    if "auto_advance" in params:
        changes["auto_advance"] = params["auto_advance"]
    changes["metadata"] = merged(invoice["metadata"], params.get("metadata"))
    return unit.change(invoice, changes, "invoice.updated")


@serves("POST /v1/invoices/{invoice}/finalize")
def finalize(unit: Unit, params: Json, invoice_id: str) -> Json:
    invoice = _in_state(unit, invoice_id, "draft", verb="finalize")
    invoice = unit.change(invoice, {"auto_advance": params.get("auto_advance", False)})
    invoice = collecting.finalize(unit, invoice)
    if invoice["status"] == "paid":
        standing.after_payment(unit, invoice)
    elif invoice["auto_advance"]:
        unit.schedule("collect_invoice", invoice_id, unit.now)
    return invoice


@serves("POST /v1/invoices/{invoice}/pay")
def pay(unit: Unit, params: Json, invoice_id: str) -> Json:
    invoice = unit.get("invoice", invoice_id, param="invoice")
    if invoice["status"] == "draft":
        invoice = collecting.finalize(unit, invoice)
    elif invoice["status"] == "paid":
        raise ApiError("Invoice is already paid", code="invoice_already_paid")
    elif invoice["status"] == "void":
        raise ApiError("This invoice can no longer be paid: it is void.",
                       code="invoice_not_editable")  # fmt: skip
    if params.get("paid_out_of_band"):
        standing.after_payment(unit, _pay_outside(unit, invoice))
    else:
        if "payment_method" in params:
            unit.referenced("payment_method", params["payment_method"], "payment_method")
        attempt = confirming.pay(unit, invoice, params.get("payment_method"))
        if attempt.error:
            raise attempt.error
    return unit.get("invoice", invoice_id)


@serves("POST /v1/invoices/{invoice}/void")
def void(unit: Unit, _params: Json, invoice_id: str) -> Json:
    invoice = _in_state(unit, invoice_id, "open", "uncollectible", verb="void")
    invoice = invoicing.close(unit, invoice, "void")
    balances.give_back(unit, invoice)
    standing.after_giving_up(unit, invoice)
    return unit.get("invoice", invoice_id)


@serves("POST /v1/invoices/{invoice}/mark_uncollectible")
def mark_uncollectible(unit: Unit, _params: Json, invoice_id: str) -> Json:
    invoice = _in_state(unit, invoice_id, "open", verb="mark as uncollectible")
    invoice = invoicing.close(unit, invoice, "uncollectible")
    standing.after_giving_up(unit, invoice)
    return unit.get("invoice", invoice_id)


@includes("invoice", "payments")
def payments(unit: Unit, invoice: Json) -> Json:
    found = unit.objects.all("invoice_payment", invoice=invoice["id"])
    return listed(found, f"/v1/invoice_payments?invoice={invoice['id']}")


@includes("invoice", "confirmation_secret")
def confirmation_secret(unit: Unit, invoice: Json) -> Json | None:
    if invoice["status"] != "open":
        return None
    secret = collecting.intent_of(unit, invoice)["client_secret"]
    return {"client_secret": secret, "type": "payment_intent"}


def _pay_outside(unit: Unit, invoice: Json) -> Json:
    """The customer paid in another way: no charge is made."""
    invoicing.cancel_payments(unit, invoice)
    return invoicing.pay(unit, invoice)


def _in_state(unit: Unit, invoice_id: str, *states: str, verb: str) -> Json:
    invoice = unit.get("invoice", invoice_id, param="invoice")
    if invoice["status"] not in states:
        raise ApiError(
            f"You can only {verb} an invoice that is {' or '.join(states)}. This invoice is "
            f"{invoice['status']}.",
            code="invoice_not_editable",
        )
    return invoice
