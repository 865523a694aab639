"""/v1/disputes"""

from billing.sandbox import disputing
from billing.sandbox.contract import Json
from billing.sandbox.errors import not_served
from billing.sandbox.lists import Query
from billing.sandbox.metadata import merged
from billing.sandbox.routing import serves
from billing.sandbox.unit import Unit

_PATH = "/v1/disputes/{dispute}"


@serves(f"GET {_PATH}")
def retrieve(unit: Unit, _params: Json, dispute_id: str) -> Json:
    return unit.get("dispute", dispute_id, param="dispute")


@serves("GET /v1/disputes")
def list_(unit: Unit, params: Json) -> Json:
    query = Query(unit, "dispute", params).equal(charge="charge", payment_intent="payment_intent")
    return query.ranged("created").page("/v1/disputes")


@serves(f"POST {_PATH}")
def update(unit: Unit, params: Json, dispute_id: str) -> Json:
    dispute = unit.get("dispute", dispute_id, param="dispute")
    if "intended_submission_method" in params:
        raise not_served("intended_submission_method", "intended_submission_method")
    changes: Json = {"metadata": merged(dispute["metadata"], params.get("metadata"))}
    is_submitted = params.get("submit", False)
    if "evidence" in params or is_submitted:
        disputing.check_open(dispute)
        given = {name: value or None for name, value in params.get("evidence", {}).items()}
        changes["evidence"] = dispute["evidence"] | given
        # The hash of the enhanced evidence is always there.
        has_evidence = any(
            value for name, value in changes["evidence"].items() if name != "enhanced_evidence"
        )
        details = dispute["evidence_details"] | {"has_evidence": has_evidence}
        changes["evidence_details"] = details
    return disputing.answer(unit, dispute, changes, is_submitted=is_submitted)


@serves(f"POST {_PATH}/close")
def close(unit: Unit, _params: Json, dispute_id: str) -> Json:
    """Accept the loss."""
    dispute = unit.get("dispute", dispute_id, param="dispute")
    outcome = "warning_closed" if disputing.is_inquiry(dispute) else "lost"
    return disputing.close(unit, dispute, outcome)
