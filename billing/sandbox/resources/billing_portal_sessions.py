"""/v1/billing_portal/sessions: a link to the hosted portal page of one customer."""

from billing.sandbox.contract import Json
from billing.sandbox.ids import new_id, token
from billing.sandbox.resources import customers
from billing.sandbox.routing import serves
from billing.sandbox.unit import Unit


@serves("POST /v1/billing_portal/sessions")
def create(unit: Unit, params: Json) -> Json:
    customer = customers.live(unit, params["customer"])
    session_id = new_id("billing_portal.session")
    fields = {
        "id": session_id,
        "configuration": params.get("configuration", "bpc_1BillhookSandboxDefault"),
        "customer": customer["id"],
        "flow": _flow(params.get("flow_data")),
        "locale": params.get("locale"),
        "return_url": params.get("return_url"),
        "url": f"{unit.base_url}/p/session/{session_id}",
    }
    return unit.create("billing_portal.session", fields, {"nonce": token(24)})


def _flow(given: Json | None) -> Json | None:
    if given is None:
        return None
    completion = {"hosted_confirmation": None, "redirect": None, "type": "portal_homepage"}
    hashes = dict.fromkeys(
        ("subscription_cancel", "subscription_pause", "subscription_update",
         "subscription_update_confirm")
    )  # fmt: skip
    return hashes | given | {"after_completion": completion | given.get("after_completion", {})}
