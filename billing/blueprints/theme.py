"""Light or dark: a cookie that the server reads, so that no page flashes in the wrong colors."""

from http import HTTPStatus

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from werkzeug.utils import redirect

from billing.web import shell
from billing.web.links import page_before

bp = Blueprint("theme", __name__)

ONE_YEAR_SECONDS = 31_536_000


@bp.post("/theme")
def choose() -> ResponseReturnValue:
    response = redirect(page_before(), HTTPStatus.SEE_OTHER)
    theme = shell.chosen_theme()
    if theme is not None:
        response.set_cookie(
            shell.THEME_COOKIE,
            theme,
            max_age=ONE_YEAR_SECONDS,
            secure=request.is_secure,
            httponly=True,
            samesite="Lax",
        )
    else:
        response.delete_cookie(shell.THEME_COOKIE)
    return response
