"""Changing a paid plan: seen with its amounts, made, undone, cancelled, kept, paid."""

from http import HTTPStatus

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from billing.errors import (
    AmountChanged,
    CardDeclined,
    GatewayError,
    NoSubscription,
    NothingDue,
    NothingToChange,
    PaymentIncomplete,
    TierNotForSale,
)
from billing.services import cancellations, open_invoices, plan_changes, usage
from billing.web import gateway, plan_form, plan_words
from billing.web.forms import CancellationForm
from billing.web.language import _, lazy_gettext, translate
from billing.web.login import current_person, login_required
from billing.web.plan_form import WantedPlan

bp = Blueprint("plan", __name__, url_prefix="/account")

AWAY = lazy_gettext(
    "We could not reach the payment service. Look at your plan below before you try again: "
    "it shows what was done."
)


@bp.get("/change")
@login_required
def change() -> ResponseReturnValue:
    wanted = plan_form.wanted_plan()
    if not current_person().subscription.is_paid:
        # A first plan is bought, not changed to.
        pricing = url_for("pricing.index", tier=wanted.tier_slug, interval=wanted.interval)
        return redirect(pricing, HTTPStatus.SEE_OTHER)
    return _show_change(wanted)


@bp.post("/change")
@login_required
def confirm_change() -> ResponseReturnValue:
    agreed = plan_form.agreed_change()
    if agreed is None:
        return _show_change(plan_form.posted_plan(), status=HTTPStatus.CONFLICT)
    try:
        done = plan_changes.confirm(
            current_person(),
            tier_slug=agreed.wanted.tier_slug,
            interval=agreed.wanted.interval,
            proration_at=agreed.proration_at,
            due_now_minor=agreed.due_now_minor,
            gateway=gateway.current(),
        )
    except AmountChanged:
        return _show_change(
            agreed.wanted, agreed_minor=agreed.due_now_minor, status=HTTPStatus.CONFLICT
        )
    except (CardDeclined, PaymentIncomplete) as refusal:
        return _show_change(agreed.wanted, refusal=refusal, status=HTTPStatus.PAYMENT_REQUIRED)
    return _back(plan_words.changed(done))


@bp.post("/change/undo")
@login_required
def undo_change() -> ResponseReturnValue:
    plan_changes.undo(current_person(), gateway=gateway.current())
    return _back(plan_words.undone(current_person().subscription))


@bp.get("/cancel")
@login_required
def cancellation() -> ResponseReturnValue:
    return _show_cancellation(CancellationForm())


@bp.post("/cancel")
@login_required
def cancel() -> ResponseReturnValue:
    form, person = CancellationForm(), current_person()
    if not form.validate():
        return _show_cancellation(form)
    name = cancellations.preview(person).current.tier.name
    plan_changes.cancel(
        person, gateway=gateway.current(), feedback=form.reason.data, comment=form.comment.data
    )
    return _back(plan_words.cancelled(person.subscription, name))


@bp.post("/resume")
@login_required
def resume() -> ResponseReturnValue:
    plan_changes.resume(current_person(), gateway=gateway.current())
    return _back(plan_words.resumed(current_person().subscription))


@bp.post("/pay")
@login_required
def pay() -> ResponseReturnValue:
    try:
        invoice = open_invoices.pay(current_person(), gateway=gateway.current())
    except PaymentIncomplete as refusal:
        if refusal.members["needs_confirmation"] and refusal.members["invoice_url"]:
            return redirect(str(refusal.members["invoice_url"]), HTTPStatus.SEE_OTHER)
        return _back(f"{translate(refusal.detail)} {_('Update your card, or try again.')}", "bad")
    return _back(plan_words.paid(invoice))


@bp.post("/discard")
@login_required
def discard() -> ResponseReturnValue:
    open_invoices.discard(current_person(), gateway=gateway.current())
    return _back(_("The unpaid plan is discarded. Nothing was charged."))


@bp.errorhandler(NoSubscription)
@bp.errorhandler(NothingToChange)
@bp.errorhandler(NothingDue)
def _nothing_to_do(
    refusal: NoSubscription | NothingToChange | NothingDue,
) -> ResponseReturnValue:
    """A form that was sent twice, or from an old page."""
    return _back(translate(refusal.detail), "info")


@bp.errorhandler(TierNotForSale)
def _not_for_sale(refusal: TierNotForSale) -> ResponseReturnValue:
    flash(translate(refusal.detail), "info")
    return redirect(url_for("pricing.index"), HTTPStatus.SEE_OTHER)


@bp.errorhandler(GatewayError)
def _stripe_is_away(_error: GatewayError) -> ResponseReturnValue:
    return _back(str(AWAY), "warn")


def _back(message: str, category: str = "ok") -> ResponseReturnValue:
    flash(message, category)
    return redirect(url_for("account.index"), HTTPStatus.SEE_OTHER)


def _show_change(
    wanted: WantedPlan,
    *,
    agreed_minor: int | None = None,
    refusal: CardDeclined | PaymentIncomplete | None = None,
    status: HTTPStatus = HTTPStatus.OK,
) -> ResponseReturnValue:
    person = current_person()
    preview = plan_changes.preview(
        person, tier_slug=wanted.tier_slug, interval=wanted.interval, gateway=gateway.current()
    )
    moved = None
    if agreed_minor is not None:
        moved = plan_words.amount_changed(agreed_minor, preview.due_now)
    return render_template(
        "account/change.html",
        preview=preview,
        subscription=person.subscription,
        usage=usage.summary(person),
        moved=moved,
        refusal=refusal,
    ), status


def _show_cancellation(form: CancellationForm) -> ResponseReturnValue:
    person = current_person()
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return render_template(
        "account/cancel.html",
        preview=cancellations.preview(person),
        subscription=person.subscription,
        usage=usage.summary(person),
        form=form,
    ), status
