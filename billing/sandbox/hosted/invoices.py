"""The hosted page of an invoice, its PDF, and the receipt of a charge."""

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from billing.sandbox import clocks, collecting, confirming, saving
from billing.sandbox.amounts import money
from billing.sandbox.api import engine
from billing.sandbox.cards import LISTED, find_card
from billing.sandbox.contract import Json
from billing.sandbox.errors import ApiError
from billing.sandbox.hosted.pages import account_of_object, long_date, page_blueprint
from billing.sandbox.hosted.pdf import one_page
from billing.sandbox.payments import Payer, create_method
from billing.sandbox.unit import Unit

bp = page_blueprint("invoices")
CARDS = tuple(card for card in LISTED if not card.pays_later)


@bp.get("/i/<account>/<invoice_id>")
def show(account: str, invoice_id: str) -> str:
    return render_template("sandbox/invoice.html", **_context(account, invoice_id))


@bp.post("/i/<account>/<invoice_id>/pay")
def pay(account: str, invoice_id: str) -> Response:
    """Pay an open invoice with another card, which the customer keeps."""
    card = find_card(request.form.get("card", ""))
    if card not in CARDS:
        raise ApiError("Use one of the test cards.")
    with engine().unit(account) as unit:
        invoice = _open(unit, invoice_id)
        method = create_method(unit, card, Payer(email=invoice["customer_email"]), None)
        if not card.decline:
            method = saving.attach(unit, method, invoice["customer"])
        confirming.pay(unit, invoice, method["id"])
    return _back(account, invoice_id)


@bp.post("/i/<account>/<invoice_id>/bank")
def answer(account: str, invoice_id: str) -> Response:
    """What the customer tells the bank that asks."""
    with engine().unit(account) as unit:
        intent = collecting.intent_of(unit, _open(unit, invoice_id))
        approved = request.form.get("answer") == "approve"
        confirming.answer_bank(unit, intent, approved=approved)
    return _back(account, invoice_id)


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
        invoice = unit.get("invoice", invoice_id)
        context = {"account": account, "app_name": _app_name(), "cards": CARDS, "invoice": invoice}
        if invoice["status"] != "open":
            return context | {"state": invoice["status"]}
        intent = collecting.intent_of(unit, invoice)
    is_asked = intent["status"] == "requires_action"
    refusal = (intent["last_payment_error"] or {}).get("message")
    return context | {"state": "asked" if is_asked else "open", "refusal": refusal}


def _open(unit: Unit, invoice_id: str) -> Json:
    invoice = unit.get("invoice", invoice_id)
    clocks.enter(unit, invoice)
    if invoice["status"] != "open":
        raise ApiError(f"This invoice is {invoice['status']}: there is nothing to pay.")
    return invoice


def _back(account: str, invoice_id: str) -> Response:
    return redirect(url_for("invoices.show", account=account, invoice_id=invoice_id), 303)


def _app_name() -> str:
    return engine().settings.app_name
