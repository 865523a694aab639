"""The payment sandbox from the other side: its clock, its buyers, somebody in its dashboard."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from billing import clock

TIMEOUT_SECONDS = 60
SLACK_SECONDS = 60


@dataclass(frozen=True)
class Sandbox:
    """The account of one key: what `docs/sandbox.md` lists, as far as a history needs it."""

    base_url: str
    api_key: str

    def begin(self, at: datetime) -> bool:
        """Begin in the past, with nothing delivered; False where there are customers already."""
        try:
            self._control("begin", at=int(at.timestamp()))
        except HTTPError as refused:
            refused.close()
            return False
        self._control("deliveries", mode="drop")
        return True

    def is_behind(self) -> bool:
        """Return whether its time is still in the past."""
        now = int(self._control("advance", seconds=0)["now"])
        return now < clock.now().timestamp() - SLACK_SECONDS

    def advance(self, to: datetime) -> None:
        """Let time pass, with all that comes due in it."""
        self._control("advance", to=int(to.timestamp()))

    def deliver_again(self) -> None:
        """Send webhooks from now on."""
        self._control("deliveries", mode="normal")

    def pay(self, session_id: str) -> None:
        """Pay at the checkout."""
        self._control(f"checkout/{session_id}/complete")

    def refund(self, payment_intent_id: str) -> None:
        """Give all of a payment back, as from the dashboard."""
        self._control(f"charges/{payment_intent_id}/refund", reason="requested_by_customer")

    def change_card(self, customer_id: str, subscription_id: str, name: str) -> None:
        """Let the renewals be charged to another card, such as `pm_card_visa`."""
        card = self._call(f"payment_methods/{name}/attach", customer=customer_id)
        self._call(f"subscriptions/{subscription_id}", default_payment_method=card["id"])

    def _control(self, path: str, **given: object) -> dict[str, Any]:
        request = Request(f"{self.base_url}/_control/{path}", json.dumps(given).encode())  # noqa: S310
        request.add_header("Content-Type", "application/json")
        return self._send(request)

    def _call(self, path: str, **params: str) -> dict[str, Any]:
        return self._send(Request(f"{self.base_url}/v1/{path}", urlencode(params).encode()))  # noqa: S310

    def _send(self, request: Request) -> dict[str, Any]:
        request.add_header("Authorization", f"Bearer {self.api_key}")
        with urlopen(request, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310 - our own server
            answer: dict[str, Any] = json.load(response)
        return answer
