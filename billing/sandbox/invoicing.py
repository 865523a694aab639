"""Invoices: made as a draft, finalized, paid, with their payment and their events in order."""

from billing.sandbox.contract import Json
from billing.sandbox.ids import new_id, token
from billing.sandbox.lists import listed
from billing.sandbox.unit import Unit


def create_draft(unit: Unit, customer: Json, lines: list[Json], fields: Json) -> Json:
    """Store a draft with these lines; nothing is emitted yet."""
    invoice_id = new_id("invoice")
    total = sum(line["amount"] for line in lines)
    for line in lines:
        line["invoice"] = invoice_id
    defaults: Json = {
        "id": invoice_id,
        "account_country": "US",
        "account_name": "Sandbox",
        "amount_due": total,
        "amount_remaining": total,
        "auto_advance": False,
        "currency": lines[0]["currency"],
        "customer": customer["id"],
        "customer_address": customer["address"],
        "customer_email": customer["email"],
        "customer_name": customer["name"],
        "customer_phone": customer["phone"],
        "customer_shipping": customer["shipping"],
        "customer_tax_exempt": customer["tax_exempt"],
        "customer_tax_ids": [],
        "issuer": {"type": "self"},
        "lines": listed(lines, f"/v1/invoices/{invoice_id}/lines"),
        "metadata": {},
        "period_end": unit.now,
        "period_start": unit.now,
        "status": "draft",
        "subtotal": total,
        "subtotal_excluding_tax": total,
        "total": total,
        "total_discount_amounts": [],
        "total_excluding_tax": total,
        "total_pretax_credit_amounts": [],
        "total_taxes": [],
    }
    return unit.create("invoice", defaults | fields)


def finalize(unit: Unit, invoice: Json) -> Json:
    """Number it, give it its links and emit `invoice.finalized`."""
    secret = token(24)
    link = f"{unit.base_url}/i/{unit.account}/{invoice['id']}"
    changes = {
        "effective_at": unit.now,
        "hosted_invoice_url": link,
        "invoice_pdf": f"{link}/pdf",
        "number": _next_number(unit, invoice["customer"]),
        "status": "open",
        "status_transitions": invoice["status_transitions"] | {"finalized_at": unit.now},
        "webhooks_delivered_at": unit.now,
        "ending_balance": 0,
    }
    unit.objects.set_private(invoice["id"], {"secret": secret})
    invoice = unit.change(invoice, changes)
    unit.emit("invoice.finalized", invoice)
    return invoice


def add_payment(unit: Unit, invoice: Json, intent: Json) -> Json:
    """The link between an invoice and the payment intent that pays it."""
    fields: Json = {
        "amount_requested": invoice["amount_due"],
        "currency": invoice["currency"],
        "invoice": invoice["id"],
        "is_default": True,
        "payment": {"payment_intent": intent["id"], "type": "payment_intent"},
        "status": "open",
    }
    return unit.create("invoice_payment", fields)


def pay(unit: Unit, invoice: Json) -> Json:
    """Mark it paid by its default payment, and emit what Stripe emits."""
    changes = {
        "amount_paid": invoice["amount_due"],
        "amount_remaining": 0,
        "attempt_count": max(1, invoice["attempt_count"]),
        "attempted": True,
        "next_payment_attempt": None,
        "status": "paid",
        "status_transitions": invoice["status_transitions"] | {"paid_at": unit.now},
    }
    invoice = unit.change(invoice, changes)
    unit.emit("invoice.paid", invoice)
    unit.emit("invoice.payment_succeeded", invoice)
    for payment in unit.objects.all("invoice_payment", invoice=invoice["id"]):
        paid = {
            "amount_paid": invoice["amount_due"],
            "status": "paid",
            "status_transitions": {"canceled_at": None, "paid_at": unit.now},
        }
        unit.emit("invoice_payment.paid", unit.change(payment, paid))
    return invoice


def fail(unit: Unit, invoice: Json) -> Json:
    """Note a failed attempt and emit `invoice.payment_failed`."""
    count = invoice["attempt_count"] + 1
    invoice = unit.change(invoice, {"attempt_count": count, "attempted": True})
    unit.emit("invoice.payment_failed", invoice)
    return invoice


def line(unit: Unit, price: Json, quantity: int, fields: Json) -> Json:
    """One line for a price; it lives inside its invoice only."""
    amount = price["unit_amount"] * quantity
    defaults: Json = {
        "amount": amount,
        "currency": price["currency"],
        "discount_amounts": [],
        "discountable": True,
        "pretax_credit_amounts": [],
        "pricing": {
            "price_details": {"price": price["id"], "product": price["product"]},
            "type": "price_details",
            "unit_amount_decimal": price["unit_amount_decimal"],
        },
        "quantity": quantity,
        "quantity_decimal": str(quantity),
        "subtotal": amount,
        "taxes": [],
    }
    return unit.blank("line_item", defaults | fields)


def _next_number(unit: Unit, customer_id: str) -> str:
    customer = unit.get("customer", customer_id)
    sequence = customer["next_invoice_sequence"]
    unit.change(customer, {"next_invoice_sequence": sequence + 1})
    return f"{customer['invoice_prefix']}-{sequence:04d}"
