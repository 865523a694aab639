"""Who may come in: disable, enable, write again, for one user or many, and sign in as one."""

from http import HTTPStatus

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from billing.blueprints.admin import users
from billing.blueprints.admin.blueprint import bp
from billing.services.admin import access, acting
from billing.services.admin import users as user_records
from billing.web.admin.answers import back_to, show
from billing.web.admin.forms import ReasonForm
from billing.web.admin.guard import current_actor, password_required
from billing.web.admin.selections import selected_action, selected_rows
from billing.web.forms import EmptyForm
from billing.web.language import _, ngettext
from billing.web.login import act_as


@bp.route("/users/<record:record_id>/disable", methods=["GET", "POST"])
def disable_user(record_id: int) -> ResponseReturnValue:
    form, person = ReasonForm(), user_records.get(record_id)
    if form.validate_on_submit():
        access.disable([person], reason=form.reason.data, actor=current_actor())
        return back_to(person.id, _("%(email)s is shut out.", email=person.email))
    return show("admin/users/disable.html", form, user=person)


@bp.route("/users/<record:record_id>/enable", methods=["GET", "POST"])
def enable_user(record_id: int) -> ResponseReturnValue:
    form, person = ReasonForm(), user_records.get(record_id)
    if form.validate_on_submit():
        access.enable([person], reason=form.reason.data, actor=current_actor())
        return back_to(person.id, _("%(email)s can log in again.", email=person.email))
    return show("admin/users/enable.html", form, user=person)


@bp.route("/users/<record:record_id>/verify", methods=["GET", "POST"])
def verify_user(record_id: int) -> ResponseReturnValue:
    form, person = EmptyForm(), user_records.get(record_id)
    if form.validate_on_submit():
        access.resend_verification([person], actor=current_actor())
        return back_to(person.id, _("We wrote to %(email)s.", email=person.email))
    return show("admin/users/verify.html", form, user=person)


@bp.route("/users/<record:record_id>/act", methods=["GET", "POST"])
@password_required
def act_as_user(record_id: int) -> ResponseReturnValue:
    form, person = ReasonForm(), user_records.get(record_id)
    if form.validate_on_submit():
        token = acting.start(
            person,
            reason=form.reason.data,
            actor=current_actor(),
            user_agent=request.user_agent.string,
        )
        act_as(token)
        return redirect(url_for("account.index"), HTTPStatus.SEE_OTHER)
    return show("admin/users/act.html", form, user=person)


@bp.route("/users/selected", methods=["GET", "POST"])
def selected_users() -> ResponseReturnValue:
    action, people = selected_action(users.VIEW), selected_rows(users.VIEW)
    form = EmptyForm() if action.name == "verify" else ReasonForm()
    if form.validate_on_submit():
        actor = current_actor()
        if action.name == "verify":
            changed = access.resend_verification(people, actor=actor)
        elif action.name == "enable":
            changed = access.enable(people, reason=form.reason.data, actor=actor)
        else:
            changed = access.disable(people, reason=form.reason.data, actor=actor)
        flash(ngettext("%(num)s user changed.", "%(num)s users changed.", changed), "ok")
        return redirect(url_for("admin.users"), HTTPStatus.SEE_OTHER)
    return show("admin/users/selected.html", form, action=action, users=people)
