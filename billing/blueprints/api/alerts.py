"""Alerts: what a user wants to hear of."""

from typing import Self

from pydantic import Field

from billing.domain.alerts import QUOTA_PERCENTS, TOKEN_MARKS
from billing.errors import AccountInactive, UserNotFound
from billing.services import alerts
from billing.services.alerts import Thresholds
from billing.web.api.call import Call
from billing.web.api.declaration import Section
from billing.web.api.documents import Document, ForUser, UserQuery

section = Section("Usage")

PERCENTS = ", ".join(map(str, QUOTA_PERCENTS))
MARKS = ", ".join(map(str, TOKEN_MARKS))


class AlertsDocument(Document):
    """What the user hears of, once a period; null is nothing."""

    quota_percent: int | None
    tokens_below: int | None

    @classmethod
    def of(cls, thresholds: Thresholds) -> Self:
        return cls(quota_percent=thresholds.quota_percent, tokens_below=thresholds.tokens_below)


class AlertsChoice(ForUser):
    """What the user wants to hear of; null is nothing."""

    quota_percent: int | None = Field(description=f"One of {PERCENTS}.")
    tokens_below: int | None = Field(description=f"One of {MARKS}.")


@section.get("/alerts", raises=(UserNotFound, AccountInactive))
def get_alerts(call: Call, query: UserQuery) -> AlertsDocument:  # noqa: ARG001
    """Return what the user hears of."""
    return AlertsDocument.of(alerts.get_thresholds(call.user_id))


@section.post("/alerts", raises=(UserNotFound, AccountInactive))
def set_alerts(call: Call, body: AlertsChoice) -> AlertsDocument:
    """Choose what the user hears of: a share of the quota, and a low balance of tokens."""
    thresholds = Thresholds(body.quota_percent, body.tokens_below)
    alerts.set_thresholds(call.user_id, thresholds)
    return AlertsDocument.of(thresholds)
