"""/v1/customers/{customer}/balance_transactions: what moved a customer's credit."""

from billing.sandbox import balances
from billing.sandbox.contract import Json
from billing.sandbox.errors import no_such
from billing.sandbox.lists import Query
from billing.sandbox.metadata import merged
from billing.sandbox.resources import customers
from billing.sandbox.routing import serves
from billing.sandbox.unit import Unit

KIND = "customer_balance_transaction"
_PATH = "/v1/customers/{customer}/balance_transactions"


@serves(f"POST {_PATH}")
def create(unit: Unit, params: Json, customer_id: str) -> Json:
    customers.live(unit, customer_id, param="customer", status=404)
    fields = {
        "currency": params["currency"].lower(),
        "description": params.get("description") or None,
        "metadata": merged(None, params.get("metadata")),
    }
    return balances.move(unit, customer_id, params["amount"], fields)


@serves(f"GET {_PATH}")
def list_(unit: Unit, params: Json, customer_id: str) -> Json:
    customers.live(unit, customer_id, param="customer", status=404)
    query = Query(unit, KIND, params).one_of("customer", [customer_id]).equal(invoice="invoice")
    return query.ranged("created").page(f"/v1/customers/{customer_id}/balance_transactions")


@serves(f"GET {_PATH}/{{transaction}}")
def retrieve(unit: Unit, _params: Json, customer_id: str, transaction_id: str) -> Json:
    found = unit.get(KIND, transaction_id, param="transaction")
    if found["customer"] != customer_id:
        raise no_such(KIND, transaction_id, param="transaction")
    return found
