"""The hosted page of an invoice, its PDF, and the receipt of a charge."""

from flask import Response, render_template

from billing.sandbox.api import engine
from billing.sandbox.contract import Json
from billing.sandbox.hosted.pages import account_of_object, long_date, money, page_blueprint
from billing.sandbox.hosted.pdf import one_page

bp = page_blueprint("invoices")


@bp.get("/i/<account>/<invoice_id>")
def show(account: str, invoice_id: str) -> str:
    return render_template("sandbox/invoice.html", **_context(account, invoice_id))


@bp.get("/i/<account>/<invoice_id>/pdf")
def download(account: str, invoice_id: str) -> Response:
    invoice: Json = _context(account, invoice_id)["invoice"]
    lines = [
        f"Sandbox invoice {invoice['number']}: no money moved",
        f"{invoice['customer_name'] or ''} {invoice['customer_email'] or ''}".strip(),
        long_date(invoice["created"]),
        "",
        *(f"{line['description']}   {money(line['amount'], line['currency'])}"
          for line in invoice["lines"]["data"]),
        "",
        f"Total   {money(invoice['total'], invoice['currency'])}   ({invoice['status']})",
    ]  # fmt: skip
    name = f"inline; filename=invoice-{invoice['number']}.pdf"
    headers = {"Content-Disposition": name}
    return Response(one_page(lines), mimetype="application/pdf", headers=headers)


@bp.get("/receipts/<charge_id>")
def receipt(charge_id: str) -> str:
    with engine().view(account_of_object("charge", charge_id)) as unit:
        charge = unit.get("charge", charge_id)
    return render_template("sandbox/receipt.html", charge=charge, app_name=_app_name())


def _context(account: str, invoice_id: str) -> Json:
    with engine().view(account) as unit:
        return {"invoice": unit.get("invoice", invoice_id), "app_name": _app_name()}


def _app_name() -> str:
    return engine().settings.app_name
