"""Subscriptions: the list of them, and the record of one."""

from flask import Response, render_template
from flask.typing import ResponseReturnValue

from billing.blueprints.admin.blueprint import bp
from billing.models import UserSubscription
from billing.services import audit
from billing.services.admin import subscriptions as subscription_records
from billing.web.admin import lists
from billing.web.admin.list_view import Column, Filter, ListView
from billing.web.admin.status_words import SUBSCRIPTION_STATUSES
from billing.web.language import lazy_gettext as _l

LINES_SHOWN = 25

VIEW: ListView[UserSubscription] = ListView(
    endpoint="admin.subscriptions",
    export_endpoint="admin.export_subscriptions",
    template="admin/subscriptions/index.html",
    noun="subscriptions",
    search_label=_l("Email, subscription or customer"),
    listing=subscription_records.listing,
    default_sort="-started",
    columns=(
        Column("email", _l("User"), lambda row: row.user.email),
        Column("tier", _l("Plan"), lambda row: row.tier.slug),
        Column("status", _l("Status"), lambda row: row.status),
        Column("interval", _l("Paid"), lambda row: row.interval),
        Column("started", _l("Started"), lambda row: row.anchor),
        Column("renews", _l("Period ends"), lambda row: row.current_period_end),
        Column("subscription", _l("Subscription"), lambda row: row.stripe_subscription_id),
    ),
    filters=(
        Filter("tier", _l("Plan")),
        Filter("status", _l("Status"), SUBSCRIPTION_STATUSES),
        Filter("interval", _l("Paid"), {"month": _l("Monthly"), "year": _l("Yearly")}),
        Filter(
            "change",
            _l("Pending change"),
            {
                "ending": _l("Ending"),
                "scheduled": _l("Changing"),
                "complimentary": _l("Complimentary"),
            },
        ),
    ),
)


@bp.get("/subscriptions")
def subscriptions() -> ResponseReturnValue:
    return lists.show(VIEW)


@bp.get("/subscriptions.csv")
def export_subscriptions() -> Response:
    return lists.export(VIEW)


@bp.get("/subscriptions/<record:record_id>")
def subscription(record_id: int) -> str:
    found = subscription_records.get(record_id)
    lines = audit.list_about("user", found.user_id, limit=LINES_SHOWN)
    return render_template("admin/subscriptions/show.html", subscription=found, lines=lines)
