"""The pricing page: tiers by the month or the year, token packages, what is included."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from billing.services import catalog, provisioning
from billing.web import offers

bp = Blueprint("pricing", __name__)


@bp.get("/")
def home() -> ResponseReturnValue:
    return redirect(url_for("pricing.index"))


@bp.get("/pricing")
def index() -> str:
    tiers = catalog.list_tiers()
    subscription = None
    if current_user.is_authenticated:
        provisioning.ensure(current_user)
        subscription = current_user.subscription
    chosen = request.args.get("tier", "")
    tier_offers = offers.tier_offers(tiers, subscription, chosen=chosen)
    return render_template(
        "pricing/index.html",
        tiers=tier_offers,
        chosen=next((offer for offer in tier_offers if offer.slug == chosen), None),
        packages=offers.package_offers(catalog.list_packages()),
        comparison=offers.comparison(tiers),
        savings_percent=offers.yearly_savings_percent(tier_offers),
        is_yearly=offers.shows_yearly(request.args.get("interval"), subscription),
        is_subscriber=subscription is not None and subscription.is_paid,
    )
