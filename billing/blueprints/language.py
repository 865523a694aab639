"""The language of the pages: a cookie for who is not logged in, and kept with the user."""

from datetime import timedelta
from http import HTTPStatus

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from werkzeug.utils import redirect

from billing.services import users
from billing.web.language import LOCALE_COOKIE, chosen_locale
from billing.web.links import page_before
from billing.web.login import current_person, is_logged_in

bp = Blueprint("language", __name__)


@bp.post("/language")
def choose() -> ResponseReturnValue:
    response = redirect(page_before(), HTTPStatus.SEE_OTHER)
    locale = chosen_locale()
    if locale is None:
        return response
    if is_logged_in():
        users.choose_locale(current_person(), locale)
    response.set_cookie(
        LOCALE_COOKIE,
        locale,
        max_age=timedelta(days=365),
        secure=request.is_secure,
        httponly=True,
        samesite="Lax",
    )
    return response
