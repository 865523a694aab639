"""Token adjustments: written, seen with balance before and after, then made."""

from flask.typing import ResponseReturnValue

from billing.blueprints.admin.blueprint import bp
from billing.errors import InvalidInput
from billing.services.admin import adjustments
from billing.services.admin import users as user_records
from billing.web.admin.answers import back_to, show
from billing.web.admin.forms import AdjustmentForm
from billing.web.admin.guard import current_actor, password_required
from billing.web.filters import signed_number
from billing.web.language import _


@bp.route("/users/<record:record_id>/adjust", methods=["GET", "POST"])
@password_required
def adjust_tokens(record_id: int) -> ResponseReturnValue:
    form, person = AdjustmentForm(), user_records.get(record_id)
    if not form.validate_on_submit():
        return show("admin/users/adjust.html", form, user=person)
    try:
        preview = adjustments.preview(person, form.adjustment)
    except InvalidInput as error:
        form.take_errors(error)
        return show("admin/users/adjust.html", form, user=person)
    if not (form.confirmed.data and form.says_it_again()):
        return show("admin/users/adjust_confirm.html", form, user=person, preview=preview)
    adjustments.adjust(person, form.adjustment, actor=current_actor())
    tokens = signed_number(form.adjustment.tokens)
    return back_to(person.id, _("%(tokens)s tokens, as you confirmed.", tokens=tokens))
