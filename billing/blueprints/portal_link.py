"""Where a portal link leads: in, to the account page."""

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from billing.services import portal_links, sessions
from billing.web import login as browser
from billing.web import portal_token

bp = Blueprint("portal_link", __name__, url_prefix="/portal")


@bp.get("/<token>")
def enter(token: str) -> ResponseReturnValue:
    """Log the link's user in; whoever was logged in at this browser is not any more."""
    nonce = portal_token.read(token)
    if request.method == "HEAD":
        # Link checkers must not use it up.
        return "", 204
    user = portal_links.use(nonce)
    sessions.end(browser.session_token())
    browser.log_in(sessions.start(user, user_agent=request.user_agent.string))
    return redirect(url_for("account.index"), 303)
