"""Light or dark: a cookie that the server reads, so that no page flashes in the wrong colors."""

from http import HTTPStatus
from urllib.parse import urlsplit

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.utils import redirect

from billing.web import shell

bp = Blueprint("theme", __name__)

ONE_YEAR_SECONDS = 31_536_000


@bp.post("/theme")
def choose() -> ResponseReturnValue:
    response = redirect(_page_before(), HTTPStatus.SEE_OTHER)
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


def _page_before() -> str:
    """Return the path of the page that the form stands on, when that page is ours."""
    referer = urlsplit(request.referrer or "")
    is_ours = referer.netloc == request.host and referer.path.startswith("/")
    path = "/" + referer.path.lstrip("/") if is_ours else url_for("pricing.index")
    return f"{path}?{referer.query}" if is_ours and referer.query else path
