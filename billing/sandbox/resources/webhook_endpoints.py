"""/v1/webhook_endpoints: the signing secret is shown once, in the answer to create."""

from urllib.parse import urlsplit

from billing.sandbox.contract import Json
from billing.sandbox.errors import invalid
from billing.sandbox.ids import token
from billing.sandbox.lists import Query
from billing.sandbox.metadata import merged
from billing.sandbox.routing import serves
from billing.sandbox.unit import Unit


@serves("POST /v1/webhook_endpoints")
def create(unit: Unit, params: Json) -> Json:
    secret = f"whsec_{token(32)}"
    endpoint = unit.blank("webhook_endpoint", {
        "api_version": params.get("api_version"),
        "description": params.get("description") or None,
        "enabled_events": params["enabled_events"],
        "metadata": merged(None, params.get("metadata")),
        "status": "enabled",
        "url": _url(params["url"]),
    })  # fmt: skip
    del endpoint["secret"]
    unit.objects.insert(endpoint, {"secret": secret})
    return endpoint | {"secret": secret}


@serves("GET /v1/webhook_endpoints/{webhook_endpoint}")
def retrieve(unit: Unit, _params: Json, endpoint_id: str) -> Json:
    return unit.get("webhook_endpoint", endpoint_id, param="webhook_endpoint")


@serves("POST /v1/webhook_endpoints/{webhook_endpoint}")
def update(unit: Unit, params: Json, endpoint_id: str) -> Json:
    endpoint = unit.get("webhook_endpoint", endpoint_id, param="webhook_endpoint")
    changes: Json = {
        name: params[name] for name in ("enabled_events", "description") if name in params
    }
    if "url" in params:
        changes["url"] = _url(params["url"])
    if "disabled" in params:
        changes["status"] = "disabled" if params["disabled"] else "enabled"
    changes["metadata"] = merged(endpoint["metadata"], params.get("metadata"))
    return unit.change(endpoint, changes)


@serves("DELETE /v1/webhook_endpoints/{webhook_endpoint}")
def delete(unit: Unit, _params: Json, endpoint_id: str) -> Json:
    unit.get("webhook_endpoint", endpoint_id, param="webhook_endpoint")
    unit.objects.delete(endpoint_id)
    return {"id": endpoint_id, "object": "webhook_endpoint", "deleted": True}


@serves("GET /v1/webhook_endpoints")
def list_(unit: Unit, params: Json) -> Json:
    return Query(unit, "webhook_endpoint", params).page("/v1/webhook_endpoints")


def _url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise invalid("Invalid URL: An explicit scheme (such as https) must be provided.", "url",
                      "url_invalid")  # fmt: skip
    return url
