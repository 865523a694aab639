"""Users: the list of them, and the record of one."""

from flask import Response, render_template
from flask.typing import ResponseReturnValue

from billing.blueprints.admin.blueprint import bp
from billing.models import User
from billing.services import audit
from billing.services.admin import users as user_records
from billing.web.admin import lists
from billing.web.admin.list_view import Action, Column, Filter, ListView
from billing.web.admin.status_words import SUBSCRIPTION_STATUSES
from billing.web.language import lazy_gettext as _l

LINES_SHOWN = 100

VIEW: ListView[User] = ListView(
    endpoint="admin.users",
    export_endpoint="admin.export_users",
    template="admin/users/index.html",
    noun="users",
    search_label=_l("Email, customer or host ID"),
    listing=user_records.listing,
    default_sort="-created",
    columns=(
        Column("email", _l("Email"), lambda user: user.email),
        Column("tier", _l("Plan"), lambda user: user.subscription.tier.slug),
        Column("status", _l("Status"), lambda user: user.subscription.status),
        Column("balance", _l("Tokens"), lambda user: user.token_balance.balance, is_number=True),
        Column("debt", _l("Owed"), lambda user: user.token_balance.debt, is_number=True),
        Column("created", _l("Signed up"), lambda user: user.created_at),
        Column("id", _l("ID"), lambda user: user.id, is_number=True),
    ),
    actions_endpoint="admin.selected_users",
    actions=(
        Action("disable", _l("Disable")),
        Action("enable", _l("Enable")),
        Action("verify", _l("Resend verification")),
    ),
    filters=(
        Filter("tier", _l("Plan")),
        Filter("status", _l("Status"), SUBSCRIPTION_STATUSES),
        Filter(
            "account",
            _l("Account"),
            {"open": _l("Open"), "disabled": _l("Disabled"), "closed": _l("Closed")},
        ),
        Filter("debt", _l("Debt"), {"yes": _l("Owes tokens"), "no": _l("Owes nothing")}),
        Filter("role", _l("Role"), {"admin": _l("Admin"), "user": _l("User")}),
    ),
)


@bp.get("/users")
def users() -> ResponseReturnValue:
    return lists.show(VIEW)


@bp.get("/users.csv")
def export_users() -> Response:
    return lists.export(VIEW)


@bp.get("/users/<record:record_id>")
def user(record_id: int) -> str:
    record = user_records.get_record(record_id)
    return render_template("admin/users/show.html", record=record, user=record.user)


@bp.get("/users/<record:record_id>/history")
def user_history(record_id: int) -> str:
    lines = audit.list_about("user", record_id, limit=LINES_SHOWN)
    return render_template(
        "admin/users/history.html", user=user_records.get(record_id), lines=lines
    )
