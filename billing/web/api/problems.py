"""Problem documents (RFC 9457) as the API describes and nests them."""

from typing import Any

from pydantic import ConfigDict, Field

from billing.errors import BillingError
from billing.web.api.documents import Document


class ProblemDocument(Document):
    """Why a call was refused; `code` is stable, and further members say what a program needs."""

    model_config = ConfigDict(frozen=True, extra="allow")

    type: str
    title: str
    status: int
    detail: str
    code: str = Field(description="What a program decides by.")
    request_id: str | None = None


def describe(error: BillingError) -> ProblemDocument:
    """Return the document of a refusal that is part of a larger answer."""
    members: dict[str, Any] = dict(error.members)
    return ProblemDocument(
        **members,
        type=f"urn:billhook:problem:{error.code}",
        title=error.title,
        status=error.status,
        detail=error.detail,
        code=error.code,
    )
