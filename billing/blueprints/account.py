"""The account page: plan, next payment, tokens, invoices."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from billing.errors import GatewayError, NoSubscription
from billing.services import (
    complimentary_plans,
    plan_overview,
    portal,
    provisioning,
    receipts,
    subscriptions,
    usage,
)
from billing.web import gateway, receipt_list
from billing.web.language import translate
from billing.web.links import external_url
from billing.web.login import login_required

bp = Blueprint("account", __name__, url_prefix="/account")

RECEIPTS_SHOWN = 5


@bp.get("")
@login_required
def index() -> ResponseReturnValue:
    provisioning.ensure(current_user)
    subscriptions.end_grace_if_over(current_user)
    complimentary_plans.end_if_over(current_user)
    overview = plan_overview.overview(current_user)
    return render_template(
        "account/index.html",
        open_invoice=overview.open_invoice,
        former_tier=overview.former_tier,
        subscription=current_user.subscription,
        usage=usage.summary(current_user),
        receipts=receipts.list_newest(current_user.id, limit=RECEIPTS_SHOWN),
    )


@bp.get("/invoices")
@login_required
def invoices() -> str:
    return render_template("account/invoices.html", receipts=receipt_list.read(current_user.id))


@bp.post("/portal")
@login_required
def open_portal() -> ResponseReturnValue:
    try:
        url = portal.open(
            current_user, return_url=external_url("account.index"), gateway=gateway.current()
        )
    except NoSubscription as error:
        flash(translate(error.detail), "info")
        return redirect(url_for("account.index"), 303)
    except GatewayError as error:
        flash(translate(error.detail), "bad")
        return redirect(url_for("account.index"), 303)
    return redirect(url, 303)
