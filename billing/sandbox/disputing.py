"""Disputes: opened by the cardholder's bank, answered with evidence, and how they end."""

from billing.sandbox.cards import Dispute
from billing.sandbox.contract import Json
from billing.sandbox.errors import ApiError, invalid
from billing.sandbox.payments import card_of
from billing.sandbox.timers import timer
from billing.sandbox.unit import Unit

DAY_SECONDS = 24 * 3600
ANSWER_SECONDS = 9 * DAY_SECONDS
FEE_MINOR = 1500
UPDATED = "charge.dispute.updated"
REASONS = (
    "bank_cannot_process", "check_returned", "credit_not_processed", "customer_initiated",
    "debit_not_authorized", "duplicate", "fraudulent", "general", "incorrect_account_details",
    "insufficient_funds", "product_not_received", "product_unacceptable",
    "subscription_canceled", "unrecognized",
)  # fmt: skip
OUTCOMES = ("won", "lost", "warning_closed")
# Timers named after what is sent as `uncategorized_text`.
DECISIONS = ("winning_evidence", "losing_evidence", "escalate_inquiry_evidence")
OVER = (*OUTCOMES, "prevented")
_NETWORK_REASONS = {"fraudulent": "10.4", "product_not_received": "13.1", "duplicate": "12.6.1"}


def open_dispute(unit: Unit, charge: Json, kind: Dispute, amount: int | None = None) -> Json:
    """Contest a charge: a chargeback takes amount and fee at once, an inquiry only asks."""
    left = charge["amount"] - charge["amount_refunded"]
    amount = left if amount is None else amount
    if charge["status"] != "succeeded" or not 1 <= amount <= charge["amount"]:
        raise ApiError(f"{charge['id']} has nothing to dispute.")
    if any(found["status"] not in OVER for found in disputes_of(unit, charge["id"])):
        raise ApiError(f"{charge['id']} is disputed already.")
    if kind.reason not in REASONS:
        raise invalid(f"Invalid reason: must be one of {', '.join(REASONS)}", "reason")
    fields = _fields(unit, charge, kind) | {"amount": amount}
    dispute = unit.create("dispute", fields)
    unit.change(charge, {"disputed": True})
    unit.emit("charge.dispute.created", dispute)
    return dispute if kind.is_inquiry else _withdraw(unit, dispute)


def disputes_of(unit: Unit, charge_id: str) -> list[Json]:
    """Every dispute of a charge, oldest first."""
    return unit.objects.all("dispute", charge=charge_id)


def is_inquiry(dispute: Json) -> bool:
    return str(dispute["status"]).startswith("warning_")


def answer(unit: Unit, dispute: Json, changes: Json, *, is_submitted: bool) -> Json:
    """Note evidence or metadata; submitting is final. Evidence with the words of Stripe's
    testing page in `uncategorized_text` decides the dispute."""
    if is_submitted:
        review = "warning_under_review" if is_inquiry(dispute) else "under_review"
        count = dispute["evidence_details"]["submission_count"] + 1
        details = {"submission_count": count, "submission_method": "manual"}
        changes = changes | {"status": review}
        changes["evidence_details"] = changes["evidence_details"] | details
    dispute = unit.change(dispute, changes, UPDATED)
    action = dispute["evidence"]["uncategorized_text"]
    if is_submitted and action in DECISIONS:
        unit.schedule(action, dispute["id"], 0)
    return dispute


def close(unit: Unit, dispute: Json, status: str) -> Json:
    """The bank decides, or the merchant gives up."""
    _refuse_if_over(dispute)
    if status not in OUTCOMES:
        raise invalid(f"Invalid status: must be one of {', '.join(OUTCOMES)}", "status")
    if is_inquiry(dispute) != (status == "warning_closed"):
        kind = "An inquiry" if is_inquiry(dispute) else "A chargeback"
        raise invalid(f"{kind} cannot end as {status}.", "status")
    is_refundable = status != "lost"
    dispute = unit.change(dispute, {"status": status, "is_charge_refundable": is_refundable})
    unit.emit("charge.dispute.closed", dispute)
    if status == "won":
        dispute = _move_money(unit, dispute, dispute["amount"], fee=0)
        unit.emit("charge.dispute.funds_reinstated", dispute)
    return dispute


def escalate(unit: Unit, dispute: Json) -> Json:
    """An inquiry becomes a chargeback."""
    if not is_inquiry(dispute) or dispute["status"] in OVER:
        raise ApiError(f"{dispute['id']} is no open inquiry.")
    details = dispute["payment_method_details"]
    changes = {
        "is_charge_refundable": False,
        "payment_method_details": details | {"card": details["card"] | {"case_type": "chargeback"}},
        "status": "needs_response",
    }
    return _withdraw(unit, unit.change(dispute, changes, UPDATED))


def refuse_if_charged_back(unit: Unit, charge: Json) -> None:
    """Money that the bank took back cannot be refunded as well."""
    for dispute in disputes_of(unit, charge["id"]):
        if not dispute["is_charge_refundable"]:
            raise ApiError(
                f"Charge {charge['id']} has been charged back; cannot issue a refund.",
                code="charge_disputed",
            )


def check_open(dispute: Json) -> None:
    """Refuse an answer to a dispute that waits for none any more."""
    if dispute["status"] not in ("needs_response", "warning_needs_response"):
        raise ApiError("This dispute is already closed or its evidence was submitted.")


def _refuse_if_over(dispute: Json) -> None:
    if dispute["status"] in OVER:
        raise ApiError("This dispute is already closed")


def _withdraw(unit: Unit, dispute: Json) -> Json:
    dispute = _move_money(unit, dispute, -dispute["amount"], fee=FEE_MINOR)
    unit.emit("charge.dispute.funds_withdrawn", dispute)
    return dispute


def _move_money(unit: Unit, dispute: Json, amount: int, *, fee: int) -> Json:
    currency = dispute["currency"]
    fee_detail = {"amount": fee, "application": None, "currency": currency,
                  "description": "Dispute fee", "type": "stripe_fee"}  # fmt: skip
    fields: Json = {
        "amount": amount,
        "available_on": unit.now,
        "balance_type": "payments",
        "currency": currency,
        "description": f"Chargeback {'withdrawal' if amount < 0 else 'reversal'} for "
        f"{dispute['charge']}",
        "fee": fee,
        "fee_details": [fee_detail] if fee else [],
        "net": amount - fee,
        "reporting_category": "dispute" if amount < 0 else "dispute_reversal",
        "source": dispute["id"],
        "status": "available",
        "type": "adjustment",
    }
    moved = unit.create("balance_transaction", fields)
    return unit.change(dispute, {"balance_transactions": [*dispute["balance_transactions"], moved]})


def _fields(unit: Unit, charge: Json, kind: Dispute) -> Json:
    card = (charge["payment_method_details"] or {}).get("card") or {"brand": "visa"}
    details = {"case_type": "inquiry" if kind.is_inquiry else "chargeback",
               "network_reason_code": _NETWORK_REASONS.get(kind.reason)}  # fmt: skip
    brand = {"brand": card["brand"], "network": card["brand"]}
    blank = unit.contract.blank("dispute")
    return {
        "charge": charge["id"],
        "currency": charge["currency"],
        "evidence_details": blank["evidence_details"]
        | {"due_by": unit.now + ANSWER_SECONDS, "enhanced_eligibility": {}},
        "is_charge_refundable": kind.is_inquiry,
        "network_reason_code": _NETWORK_REASONS.get(kind.reason),
        "payment_intent": charge["payment_intent"],
        "payment_method_details": {"card": brand | details, "type": "card"},
        "reason": kind.reason,
        "status": "warning_needs_response" if kind.is_inquiry else "needs_response",
    }


@timer("dispute_charge")
def _dispute_in_time(unit: Unit, charge_id: str) -> None:
    """What the card of a charge was made for."""
    charge = unit.get("charge", charge_id)
    card = card_of(unit, charge["payment_method"])
    if card and card.dispute:
        open_dispute(unit, charge, card.dispute)


@timer("winning_evidence")
def _win(unit: Unit, dispute_id: str) -> None:
    dispute = unit.get("dispute", dispute_id)
    close(unit, dispute, "warning_closed" if is_inquiry(dispute) else "won")


@timer("losing_evidence")
def _lose(unit: Unit, dispute_id: str) -> None:
    dispute = unit.get("dispute", dispute_id)
    close(unit, dispute, "warning_closed" if is_inquiry(dispute) else "lost")


@timer("escalate_inquiry_evidence")
def _escalate(unit: Unit, dispute_id: str) -> None:
    escalate(unit, unit.get("dispute", dispute_id))
