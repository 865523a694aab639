"""/v1/events: the last thirty days, newest first."""

from billing.sandbox.contract import Json
from billing.sandbox.delivery import pending_count
from billing.sandbox.errors import invalid
from billing.sandbox.lists import Query
from billing.sandbox.routing import serves
from billing.sandbox.unit import Unit

KEPT_SECONDS = 30 * 24 * 3600
MAX_TYPES = 20
_UNDELIVERED = """EXISTS (SELECT 1 FROM deliveries d WHERE d.account = objects.account
    AND d.event = objects.id AND d.state != 'delivered')"""


@serves("GET /v1/events/{id}")
def retrieve(unit: Unit, _params: Json, event_id: str) -> Json:
    return _counted(unit, unit.get("event", event_id))


@serves("GET /v1/events")
def list_(unit: Unit, params: Json) -> Json:
    if "type" in params and "types" in params:
        raise invalid("You may only specify one of these parameters: type, types.", "type",
                      "parameters_exclusive")  # fmt: skip
    if len(params.get("types", [])) > MAX_TYPES:
        raise invalid(f"You may pass up to {MAX_TYPES} event types.", "types")
    query = Query(unit, "event", params).ranged("created")
    query.where("created > ?", unit.real_now - KEPT_SECONDS)
    if "type" in params:
        # An asterisk stands for a group: "customer.subscription.*"
        query.where("json_extract(body, '$.type') GLOB ?", params["type"])
    query.one_of("type", params.get("types"))
    if "delivery_success" in params:
        query.where(f"{'NOT ' if params['delivery_success'] else ''}{_UNDELIVERED}")
    return query.page("/v1/events", lambda event: _counted(unit, event))


def _counted(unit: Unit, event: Json) -> Json:
    return event | {"pending_webhooks": pending_count(unit.db, unit.account, event["id"])}
