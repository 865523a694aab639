"""/v1/invoices, as Checkout makes them."""

from billing.sandbox.contract import Json
from billing.sandbox.expansion import includes
from billing.sandbox.lists import Query, listed
from billing.sandbox.routing import serves
from billing.sandbox.unit import Unit


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
def list_lines(unit: Unit, _params: Json, invoice_id: str) -> Json:
    lines: Json = unit.get("invoice", invoice_id, param="invoice")["lines"]
    return lines


@includes("invoice", "payments")
def payments(unit: Unit, invoice: Json) -> Json:
    found = unit.objects.all("invoice_payment", invoice=invoice["id"])
    return listed(found, f"/v1/invoice_payments?invoice={invoice['id']}")
