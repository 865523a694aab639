"""/v1/account: the account that belongs to the key."""

from billing.sandbox.contract import Json
from billing.sandbox.routing import serves
from billing.sandbox.unit import Unit


@serves("GET /v1/account")
def retrieve(unit: Unit, _params: Json) -> Json:
    fields: Json = {"id": unit.account, "country": "US", "default_currency": "usd"}
    fields |= {"charges_enabled": True, "payouts_enabled": True, "details_submitted": True}
    return unit.blank("account", fields | {"type": "standard", "metadata": {}})
