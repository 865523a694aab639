"""Payments: what an order or an invoice was paid with goes back, in full or in part."""

from flask.typing import ResponseReturnValue

from billing.blueprints.admin.blueprint import bp
from billing.errors import InvalidInput
from billing.services.admin import refunding
from billing.services.admin.refunding import PaymentKind
from billing.web import gateway
from billing.web.admin.answers import back_to, show
from billing.web.admin.forms import RefundForm
from billing.web.admin.guard import current_actor, password_required
from billing.web.filters import money
from billing.web.language import _

METHODS = ["GET", "POST"]
OF_ORDER, OF_INVOICE = {"kind": PaymentKind.ORDER}, {"kind": PaymentKind.INVOICE}


@bp.route("/orders/<record:payment_id>/refund", methods=METHODS, defaults=OF_ORDER)
@bp.route("/invoices/<record:payment_id>/refund", methods=METHODS, defaults=OF_INVOICE)
@password_required
def refund(kind: PaymentKind, payment_id: int) -> ResponseReturnValue:
    form, payment = RefundForm(), refunding.get_payment(kind, payment_id)
    amount = form.money(payment.paid.currency) if form.validate_on_submit() else None
    if amount is None:
        return show("admin/payments/refund.html", form, payment=payment)
    try:
        refunding.require_refundable(payment, amount)
    except InvalidInput as error:
        form.take_errors(error)
        return show("admin/payments/refund.html", form, payment=payment)
    if not form.confirmed.data:
        return show("admin/payments/refund_confirm.html", form, payment=payment, amount=amount)
    refunding.refund(
        payment,
        amount,
        reason=form.reason.data,
        idempotency_key=form.key.data,
        actor=current_actor(),
        gateway=gateway.current(),
    )
    return back_to(payment.user.id, _("%(amount)s goes back.", amount=money(amount)))
