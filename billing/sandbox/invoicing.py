"""Invoices: made as a draft, finalized, paid, with their payment and their events in order."""

from billing.sandbox import discounting, totals
from billing.sandbox.contract import Json
from billing.sandbox.ids import new_id, token
from billing.sandbox.lists import listed
from billing.sandbox.unit import Unit


def create_draft(unit: Unit, customer: Json, lines: list[Json], fields: Json) -> Json:
    """Store a draft with these lines; nothing is emitted yet."""
    invoice = draft_body(unit, customer, lines, fields)
    unit.objects.insert(invoice, {})
    used = [taken["discount"] for taken in invoice["total_discount_amounts"] if taken["amount"]]
    discounting.use(unit, used)
    return invoice


def draft_body(unit: Unit, customer: Json, lines: list[Json], fields: Json) -> Json:
    """A draft with these lines that is not stored."""
    invoice_id = new_id("invoice")
    sums = totals.of_invoice(unit, customer, lines, fields)
    total = sums["total"]
    for line in lines:
        line["invoice"] = invoice_id
    defaults: Json = {
        "id": invoice_id,
        "account_country": "US",
        "account_name": "Sandbox",
        "amount_due": total,
        "amount_remaining": total,
        "auto_advance": False,
        "currency": lines[0]["currency"] if lines else customer["currency"] or "usd",
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
        "test_clock": customer["test_clock"],
        "total_pretax_credit_amounts": [],
    }
    return unit.blank("invoice", defaults | fields | sums)


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
        "ending_balance": invoice["starting_balance"] + invoice["total"] - invoice["amount_due"],
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
        "attempt_count": invoice["attempt_count"] + 1,
        "attempted": True,
        "auto_advance": False,
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


def fail(unit: Unit, invoice: Json, next_attempt: int | None = None) -> Json:
    """Note a failed attempt and emit `invoice.payment_failed`."""
    changes = {
        "attempt_count": invoice["attempt_count"] + 1,
        "attempted": True,
        "next_payment_attempt": next_attempt,
    }
    invoice = unit.change(invoice, changes)
    unit.emit("invoice.payment_failed", invoice)
    return invoice


def close(unit: Unit, invoice: Json, status: str) -> Json:
    """End it unpaid, as `void` or `uncollectible`; its payment is canceled with a void one."""
    moment = {"void": "voided_at", "uncollectible": "marked_uncollectible_at"}[status]
    changes = {
        "auto_advance": False,
        "next_payment_attempt": None,
        "status": status,
        "status_transitions": invoice["status_transitions"] | {moment: unit.now},
    }
    if status == "void":
        cancel_payments(unit, invoice)
    invoice = unit.change(invoice, changes)
    name = "voided" if status == "void" else "marked_uncollectible"
    unit.emit(f"invoice.{name}", invoice)
    return invoice


def cancel_payments(unit: Unit, invoice: Json) -> None:
    """Give up the payments that an invoice still waits for."""
    for payment in unit.objects.all("invoice_payment", invoice=invoice["id"]):
        if payment["status"] != "open":
            continue
        at = {"canceled_at": unit.now, "paid_at": None}
        unit.change(payment, {"status": "canceled", "status_transitions": at})
        intent = unit.get("payment_intent", payment["payment"]["payment_intent"])
        canceled = {"canceled_at": unit.now, "cancellation_reason": "void_invoice",
                    "next_action": None, "status": "canceled"}  # fmt: skip
        unit.emit("payment_intent.canceled", unit.change(intent, canceled))


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
