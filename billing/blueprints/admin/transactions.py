"""Token transactions: the ledger lines of everybody, to be found and exported."""

from flask import Response
from flask.typing import ResponseReturnValue

from billing.blueprints.admin.blueprint import bp
from billing.models import TokenTransaction
from billing.services.admin import transactions as transaction_records
from billing.web.admin import lists
from billing.web.admin.list_view import Column, Filter, ListView
from billing.web.admin.status_words import LOT_SOURCES, TRANSACTION_KINDS
from billing.web.language import lazy_gettext as _l

VIEW: ListView[TokenTransaction] = ListView(
    endpoint="admin.transactions",
    export_endpoint="admin.export_transactions",
    template="admin/transactions/index.html",
    noun="token-transactions",
    search_label=_l("Email, reason or key"),
    listing=transaction_records.listing,
    default_sort="-created",
    columns=(
        Column("created", _l("When"), lambda line: line.created_at),
        Column("email", _l("User"), lambda line: line.user.email),
        Column("kind", _l("Type"), lambda line: line.kind),
        Column("reason", _l("Reason"), lambda line: line.reason),
        Column("tokens", _l("Tokens"), lambda line: line.delta, is_number=True),
        Column("balance", _l("Balance after"), lambda line: line.balance_after, is_number=True),
        Column("actor", _l("Who"), lambda line: line.actor),
        Column("reference", _l("Reference"), lambda line: line.reference),
    ),
    filters=(
        Filter("kind", _l("Type"), TRANSACTION_KINDS),
        Filter("source", _l("Source"), LOT_SOURCES),
        Filter("user", _l("User ID")),
    ),
)


@bp.get("/transactions")
def transactions() -> ResponseReturnValue:
    return lists.show(VIEW)


@bp.get("/transactions.csv")
def export_transactions() -> Response:
    return lists.export(VIEW)
