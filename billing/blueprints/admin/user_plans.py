"""Plans by an admin's hand: given for a while, cancelled, resumed."""

from flask.typing import ResponseReturnValue

from billing.blueprints.admin.blueprint import bp
from billing.errors import InvalidInput
from billing.services import complimentary_plans
from billing.services.admin import plans
from billing.services.admin import users as user_records
from billing.services.admin.plans import CancelWhen
from billing.web import gateway
from billing.web.admin.answers import back_to, show
from billing.web.admin.forms import CancelForm, ComplimentaryForm, ReasonForm
from billing.web.admin.guard import current_actor, password_required
from billing.web.language import _


@bp.route("/users/<record:record_id>/complimentary", methods=["GET", "POST"])
@password_required
def give_plan(record_id: int) -> ResponseReturnValue:
    form, person, tiers = ComplimentaryForm(), user_records.get(record_id), plans.list_giveable()
    if not form.validate_on_submit():
        return show("admin/users/complimentary.html", form, user=person, tiers=tiers)
    tier, until, reason = form.tier.data, form.ends_at, form.reason.data
    try:
        complimentary_plans.give(person, tier, until=until, reason=reason, actor=current_actor())
    except InvalidInput as error:
        form.take_errors(error)
        return show("admin/users/complimentary.html", form, user=person, tiers=tiers)
    name = person.subscription.tier.name
    return back_to(person.id, _("%(email)s is on %(tier)s.", email=person.email, tier=name))


@bp.route("/users/<record:record_id>/complimentary/end", methods=["GET", "POST"])
@password_required
def take_plan(record_id: int) -> ResponseReturnValue:
    form, person = ReasonForm(), user_records.get(record_id)
    if form.validate_on_submit():
        complimentary_plans.take(person, reason=form.reason.data, actor=current_actor())
        return back_to(person.id, _("The complimentary plan has ended."))
    return show("admin/users/complimentary_end.html", form, user=person)


@bp.route("/users/<record:record_id>/cancel", methods=["GET", "POST"])
@password_required
def cancel_plan(record_id: int) -> ResponseReturnValue:
    form, person = CancelForm(), user_records.get(record_id)
    plans.require_paid(person)
    if form.validate_on_submit():
        when, why = CancelWhen(form.when.data), form.reason.data
        plans.cancel(person, when, reason=why, actor=current_actor(), gateway=gateway.current())
        return back_to(person.id, _("The plan is cancelled."))
    return show("admin/users/cancel.html", form, user=person)


@bp.route("/users/<record:record_id>/resume", methods=["GET", "POST"])
@password_required
def resume_plan(record_id: int) -> ResponseReturnValue:
    form, person = ReasonForm(), user_records.get(record_id)
    plans.require_paid(person)
    if form.validate_on_submit():
        why = form.reason.data
        plans.resume(person, reason=why, actor=current_actor(), gateway=gateway.current())
        return back_to(person.id, _("The plan goes on."))
    return show("admin/users/resume.html", form, user=person)
