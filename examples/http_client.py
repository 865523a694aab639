"""A host product in Python that is not Flask: Billhook over plain HTTP, standard library only.

    python examples/http_client.py http://127.0.0.1:8000 bk_your_service_key

Provisions a user, checks a feature, streams an answer under a hold, runs into the end of the quota,
and prints where to send the user to buy. Run it again after the purchase to see the tokens.
"""

from __future__ import annotations

import json
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from typing import Any
from uuid import uuid4


class Refused(Exception):
    """Billhook said no; `code` is what a program decides by."""

    def __init__(self, problem: dict[str, Any]) -> None:
        super().__init__(problem["detail"])
        self.code: str = problem["code"]
        self.problem = problem


class Billhook:
    """The calls that a host makes."""

    def __init__(self, base_url: str, service_key: str) -> None:
        self._base_url = f"{base_url}/api/v1"
        self._headers = {
            "Authorization": f"Bearer {service_key}",
            "Content-Type": "application/json",
        }

    def get(self, path: str, **query: str) -> Any:
        return self._call("GET", f"{path}?{urllib.parse.urlencode(query)}")

    def post(self, path: str, body: dict[str, Any], *, key: str | None = None) -> Any:
        # With a key of our own a call that was cut off can be sent again, and counts once.
        return self._call("POST", path, body, {"Idempotency-Key": key or str(uuid4())})

    def _call(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Any:
        request = urllib.request.Request(  # noqa: S310 - the operator's own address
            self._base_url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={**self._headers, **(headers or {})},
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise Refused(json.load(error)) from None


def think(question: str) -> Iterator[str]:
    """Stand in for a model that answers word by word."""
    yield from f"You asked: {question}".split()


def answer(billhook: Billhook, user: str, question: str) -> None:
    """Stream an answer: hold the most that it may cost, settle what it did, give back the rest."""
    hold = billhook.post("/holds", {"user": user, "feature": "ai_chat", "quantity": 8})
    used = 0
    try:
        for word in think(question):
            print(word, end=" ", flush=True)
            used += 1
    except BaseException:
        billhook.post(f"/holds/{hold['id']}/release", {})
        raise
    settled = billhook.post(f"/holds/{hold['id']}/settle", {"quantity": used})
    print(f"\ncharged {settled['quantity']} requests, {settled['tokens_charged']} tokens")


def main(base_url: str, service_key: str) -> None:
    billhook = Billhook(base_url, service_key)
    user = "example-python-1"
    provisioned = billhook.post("/users", {"external_id": user, "email": f"{user}@example.test"})
    print(f"user {provisioned['external_id']} is on {provisioned['tier']}")
    feature = billhook.get("/features/ai_mentor", user=user)
    print(f"ai_mentor: {feature['allowed']} ({feature['reason']})")
    print(f"token balance {billhook.get('/tokens/balance', user=user)['balance']}")
    try:
        for _ in range(10):
            answer(billhook, user, "what is a hook?")
    except Refused as refusal:
        if refusal.code != "insufficient_tokens":
            raise
        required, balance = refusal.problem["required"], refusal.problem["balance"]
        print(f"refused: {required} tokens needed, {balance} there")
        order = billhook.post("/tokens/checkout", {"user": user, "package": "tokens-500"})
        print(f"buy here: {order['url']}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
