"""The API keys of an account: made, shown once, listed by their prefix, revoked."""

from http import HTTPStatus

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from billing import clock
from billing.services import api_keys
from billing.web import pages
from billing.web.forms import EmptyForm
from billing.web.language import _
from billing.web.login import current_person, login_required
from billing.web.settings_forms import ApiKeyForm

bp = Blueprint("api_keys", __name__, url_prefix="/keys")


@bp.route("", methods=["GET", "POST"])
@login_required
def index() -> ResponseReturnValue:
    form, person = ApiKeyForm(), current_person()
    if form.validate_on_submit():
        raw_key = api_keys.create(
            actor=f"user:{person.id}",
            user=person,
            name=form.name.data,
            scopes=form.scopes.data.split(),
            expires_at=form.expires_at,
        )
        # No redirect: the key is kept nowhere that the next page could read it from.
        page = render_template("settings/api_keys/created.html", key=raw_key, name=form.name.data)
        return page, HTTPStatus.CREATED
    keys = api_keys.list_for(person)
    return pages.show("settings/api_keys/index.html", form, keys=keys, now=clock.now())


@bp.route("/<int:key_id>/revoke", methods=["GET", "POST"])
@login_required
def revoke(key_id: int) -> ResponseReturnValue:
    person, form = current_person(), EmptyForm()
    key = api_keys.get_for(person, key_id)
    if form.validate_on_submit():
        api_keys.revoke(key_id, actor=f"user:{person.id}", user=person)
        return pages.done(_("The key is revoked."), "settings.api_keys.index")
    return pages.show("settings/api_keys/revoke.html", form, key=key)
