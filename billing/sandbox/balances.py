"""The customer's credit: what a downgrade leaves over and later invoices use up.

As at Stripe a balance below zero is credit, one above zero is owed with the next invoice.
"""

from billing.sandbox.contract import Json
from billing.sandbox.unit import Unit

MINIMUM_MINOR = {"usd": 50, "eur": 50, "gbp": 30}


def due(customer: Json, total: int, currency: str) -> Json:
    """The fields of an invoice that say what is left to pay after the customer's balance."""
    amount = max(0, total + customer["balance"])
    if amount < MINIMUM_MINOR.get(currency, 1):
        amount = 0
    return {
        "amount_due": amount,
        "amount_remaining": amount,
        "starting_balance": customer["balance"],
    }


def settle(unit: Unit, invoice: Json) -> None:
    """Move the balance from an invoice's start to its end."""
    start, end = invoice["starting_balance"], invoice["ending_balance"]
    left = invoice["total"] + start
    kind = "invoice_too_small" if left > 0 and not invoice["amount_due"] else "applied_to_invoice"
    if end != start:
        move(unit, invoice["customer"], end - start, {"invoice": invoice["id"], "type": kind})


def give_back(unit: Unit, invoice: Json) -> None:
    """Undo `settle` for an invoice that was voided."""
    used = invoice["ending_balance"] - invoice["starting_balance"]
    fields = {"invoice": invoice["id"], "type": "unapplied_from_invoice"}
    if used:
        move(unit, invoice["customer"], -used, fields)


def move(unit: Unit, customer_id: str, amount: int, fields: Json) -> Json:
    """Add `amount` to the balance (below zero: give credit) and note why."""
    customer = unit.get("customer", customer_id)
    balance = customer["balance"] + amount
    unit.change(customer, {"balance": balance}, "customer.updated")
    defaults: Json = {
        "amount": amount,
        "currency": customer["currency"] or "usd",
        "customer": customer_id,
        "ending_balance": balance,
        "metadata": {},
        "type": "adjustment",
    }
    return unit.create("customer_balance_transaction", defaults | fields)
