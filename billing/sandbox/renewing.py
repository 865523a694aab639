"""Time passes for a subscription: trials end, periods are renewed, drafts are charged,
and what fails is tried again until the account's policy says what becomes of it."""

from billing.sandbox import (
    collecting,
    ending,
    invoicing,
    phases,
    policy,
    previewing,
    schedules,
    standing,
    updating,
)
from billing.sandbox.changing import ends
from billing.sandbox.contract import Json
from billing.sandbox.ending import ENDED
from billing.sandbox.policy import DAY_SECONDS
from billing.sandbox.subscribing import UPDATED
from billing.sandbox.timers import timer
from billing.sandbox.unit import Unit, differences
from billing.sandbox.watching import TRIAL_NOTICE_SECONDS, watch

DRAFT_SECONDS = 3600
INCOMPLETE_SECONDS = 23 * 3600


def begin(unit: Unit, subscription: Json) -> None:
    """Set the timers of a subscription that was just made."""
    watch(unit, subscription)
    if subscription["status"] == "incomplete":
        unit.schedule("expire_incomplete", subscription["id"], unit.now + INCOMPLETE_SECONDS)


def renew(unit: Unit, subscription: Json) -> None:
    """The period is over: the next one begins with the draft of its invoice."""
    start = min(ends(subscription))
    schedule = unit.objects.find(subscription["schedule"] or "")
    is_phase_over = schedule and schedule["current_phase"]["end_date"] <= start
    after = phases.at_renewal(unit, subscription)
    lines = updating.pending_lines(unit, subscription, take=True)
    lines += phases.lines_of(unit, after)
    is_collected = subscription["status"] != "unpaid"
    fields: Json = {
        "automatically_finalizes_at": unit.now + DRAFT_SECONDS if is_collected else None,
        "auto_advance": is_collected,
        "billing_reason": "subscription_cycle",
        "period_end": start,
        "period_start": subscription["items"]["data"][0]["current_period_start"],
    }
    invoice = updating.draft(unit, after, lines, fields)
    names = ("items", "billing_cycle_anchor", "status")
    changes = {name: after[name] for name in names} | {"latest_invoice": invoice["id"]}
    subscription = unit.change(subscription, changes, UPDATED)
    if schedule and is_phase_over:
        schedules.enter(unit, schedule)
        subscription = unit.get("subscription", subscription["id"])
    unit.emit("invoice.created", invoice)
    if is_collected:
        unit.schedule("finalize_invoice", invoice["id"], unit.now + DRAFT_SECONDS)
    watch(unit, subscription)


def collect(unit: Unit, invoice: Json) -> None:
    """Charge an open invoice by itself, as Stripe does; note what comes of it."""
    attempt = collecting.attempt(unit, invoice, retry=True)
    if attempt.is_paid:
        standing.after_payment(unit, attempt.invoice)
        return
    standing.after_failure(unit, attempt.invoice)
    unit.emit("invoice.updated", attempt.invoice, differences(invoice, attempt.invoice))
    if attempt.invoice["next_payment_attempt"] is None:
        _give_up(unit, attempt.invoice)


def _give_up(unit: Unit, invoice: Json) -> None:
    """The last retry failed: end the subscription, or leave it unpaid or past due."""
    subscription = collecting.subscription_of(unit, invoice)
    if subscription is None or subscription["status"] != "past_due":
        return
    wanted = policy.settings(unit)["after_retries"]
    if wanted == "cancel":
        details = subscription["cancellation_details"] | {"reason": "payment_failed"}
        ending.end(unit, subscription, details)
    elif wanted == "unpaid":
        unit.change(subscription, {"status": "unpaid"}, UPDATED)


def _ends_without_card(unit: Unit, subscription: Json) -> bool:
    """A trial that ends without a payment method: canceled or paused, if that was asked for."""
    wanted = subscription["trial_settings"]["end_behavior"]["missing_payment_method"]
    if collecting.method_of(unit, subscription) or wanted == "create_invoice":
        return False
    if wanted == "cancel":
        ending.end(unit, subscription, subscription["cancellation_details"])
    else:
        standing.pause(unit, subscription, "trial_end_without_payment_method")
    return True


@timer("renew")
def _renew_if_due(unit: Unit, subscription_id: str) -> None:
    ending.end_if_due(unit, subscription_id)
    subscription = unit.get("subscription", subscription_id)
    if subscription["status"] in (*ENDED, "incomplete", "paused"):
        return
    if min(ends(subscription)) > unit.now:
        return
    if subscription["status"] == "trialing" and _ends_without_card(unit, subscription):
        return
    schedule = unit.objects.find(subscription["schedule"] or "")
    is_last = schedule and phases.current(schedule["phases"], min(ends(subscription))) is None
    if schedule and is_last and schedule["end_behavior"] == "cancel":
        schedules.finish(unit, schedule)
    else:
        renew(unit, subscription)


@timer("finalize_invoice")
def _finalize(unit: Unit, invoice_id: str) -> None:
    invoice = unit.get("invoice", invoice_id)
    if invoice["status"] != "draft" or not invoice["auto_advance"]:
        return
    paused = (collecting.subscription_of(unit, invoice) or {}).get("pause_collection")
    if paused and paused["behavior"] == "keep_as_draft":
        changes = {"auto_advance": False, "automatically_finalizes_at": None}
        unit.change(invoice, changes, "invoice.updated")
        return
    invoice = collecting.finalize(unit, invoice)
    if invoice["status"] == "paid":
        standing.after_payment(unit, invoice)
    elif paused:
        status = "void" if paused["behavior"] == "void" else "uncollectible"
        invoicing.close(unit, invoice, status)
    else:
        collect(unit, invoice)


@timer("collect_invoice")
def _collect(unit: Unit, invoice_id: str) -> None:
    invoice = unit.get("invoice", invoice_id)
    if invoice["status"] == "open" and invoice["auto_advance"]:
        collect(unit, invoice)


@timer("retry_invoice")
def _retry(unit: Unit, invoice_id: str) -> None:
    invoice = unit.get("invoice", invoice_id)
    due = invoice["next_payment_attempt"]
    if invoice["status"] == "open" and due is not None and due <= unit.now:
        collect(unit, invoice)


@timer("announce_trial_end")
def _announce_trial_end(unit: Unit, subscription_id: str) -> None:
    subscription = unit.get("subscription", subscription_id)
    end = subscription["trial_end"]
    is_near = end and end - TRIAL_NOTICE_SECONDS <= unit.now < end
    if subscription["status"] == "trialing" and is_near:
        unit.emit("customer.subscription.trial_will_end", subscription)


@timer("announce_renewal")
def _announce_renewal(unit: Unit, subscription_id: str) -> None:
    subscription = unit.get("subscription", subscription_id)
    end = min(ends(subscription))
    is_near = end - policy.settings(unit)["upcoming_days"] * DAY_SECONDS <= unit.now < end
    is_ending = subscription["cancel_at"] is not None and subscription["cancel_at"] <= end
    if subscription["status"] not in ("active", "trialing", "past_due") or not is_near or is_ending:
        return
    invoice = previewing.upcoming(unit, subscription, [], is_ending=False)
    unit.emit("invoice.upcoming", invoice)


@timer("expire_incomplete")
def _expire_incomplete(unit: Unit, subscription_id: str) -> None:
    subscription = unit.get("subscription", subscription_id)
    if subscription["status"] == "incomplete":
        invoice = invoicing.close(unit, unit.get("invoice", subscription["latest_invoice"]), "void")
        standing.after_giving_up(unit, invoice)


@timer("expire_pending_update")
def _expire_pending_update(unit: Unit, subscription_id: str) -> None:
    subscription = unit.get("subscription", subscription_id)
    pending = subscription["pending_update"]
    if pending is None or pending["expires_at"] > unit.now:
        return
    invoice_id = standing.forget_pending(unit, subscription)
    if invoice_id:
        invoicing.close(unit, unit.get("invoice", invoice_id), "void")
    subscription = unit.change(subscription, {"pending_update": None}, UPDATED)
    unit.emit("customer.subscription.pending_update_expired", subscription)


@timer("expire_resumption")
def _expire_resumption(unit: Unit, subscription_id: str) -> None:
    subscription = unit.get("subscription", subscription_id)
    invoice_id = standing.forget_pending(unit, subscription)
    if invoice_id and subscription["status"] == "paused":
        invoicing.close(unit, unit.get("invoice", invoice_id), "void")


@timer("resume_collection")
def _resume_collection(unit: Unit, subscription_id: str) -> None:
    subscription = unit.get("subscription", subscription_id)
    paused = subscription["pause_collection"]
    if paused and paused["resumes_at"] and paused["resumes_at"] <= unit.now:
        unit.change(subscription, {"pause_collection": None}, UPDATED)
