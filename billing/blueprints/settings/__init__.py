"""The settings of an account: a page that leads to all of them, and one for each thing."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from billing.blueprints.settings import (
    api_keys,
    closing,
    data_export,
    email,
    password,
    second_factor,
    sessions,
)
from billing.services import preferences
from billing.services import second_factor as factors
from billing.web import language, pages, time_zones
from billing.web.language import Reader, _
from billing.web.login import current_person, login_required
from billing.web.settings_forms import PreferencesForm

bp = Blueprint("settings", __name__, url_prefix="/account/settings")
for page in (email, password, second_factor, api_keys, sessions, data_export, closing):
    bp.register_blueprint(page.bp)


@bp.route("", methods=["GET", "POST"])
@login_required
def index() -> ResponseReturnValue:
    person = current_person()
    form = PreferencesForm(obj=person)
    if form.validate_on_submit():
        preferences.choose(person, locale=form.locale.data, time_zone=form.time_zone.data)
        language.speak_to(Reader(person.locale, person.time_zone))
        return pages.done(_("Language and time zone saved."), "settings.index")
    return pages.show(
        "settings/index.html",
        form,
        person=person,
        has_second_factor=factors.is_on(person),
        time_zones=time_zones.options(language.current_locale(), form.time_zone.data or ""),
    )
