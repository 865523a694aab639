"""Callers of the API: a host product with a service key, a user with a key of their own."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import Headers
from werkzeug.test import TestResponse

from billing.models import User
from billing.services import api_keys
from tests.factories import account, demo_catalog


@dataclass(frozen=True)
class Reply:
    """An answer as a program reads it."""

    status_code: int
    json: Any
    headers: Headers
    mimetype: str | None


@dataclass(frozen=True)
class ApiClient:
    """Speaks JSON with one key."""

    client: FlaskClient
    key: str

    def get(self, path: str, **query: str | int) -> Reply:
        answer = self.client.get(f"/api/v1{path}", query_string=query, headers=self._headers())
        return _read(answer)

    def post(self, path: str, body: object = None, *, key: str | None = None) -> Reply:
        headers = self._headers()
        if key is not None:
            headers["Idempotency-Key"] = key
        return self.post_raw(path, json.dumps(body if body is not None else {}), headers)

    def post_raw(self, path: str, raw: str | bytes, headers: dict[str, str] | None = None) -> Reply:
        headers = {"Content-Type": "application/json", **(headers or self._headers())}
        return _read(self.client.post(f"/api/v1{path}", data=raw, headers=headers))

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"} if self.key else {}


def _read(answer: TestResponse) -> Reply:
    return Reply(answer.status_code, answer.get_json(silent=True), answer.headers, answer.mimetype)


def problem_of(answer: Reply) -> dict[str, Any]:
    """Return the problem document, and make sure that it is one."""
    document: dict[str, Any] = answer.json
    assert answer.mimetype == "application/problem+json"
    assert document["status"] == answer.status_code
    assert {"type", "title", "detail", "code", "request_id"} <= document.keys()
    return document


@pytest.fixture
def catalog(app: Flask) -> None:
    demo_catalog()


@pytest.fixture
def host(catalog: None, app: Flask) -> ApiClient:
    """The host product, with a service key."""
    return ApiClient(app.test_client(), api_keys.create(name="host", actor="test"))


@pytest.fixture
def user(catalog: None) -> User:
    return account("ada@example.test")


@pytest.fixture
def caller(app: Flask, user: User) -> ApiClient:
    """A user with a key of their own."""
    return ApiClient(app.test_client(), api_keys.create(user=user, actor="test"))


@pytest.fixture
def stranger(catalog: None, app: Flask) -> ApiClient:
    return ApiClient(app.test_client(), "")
