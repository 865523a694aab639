"""The description of the API fits the API: as a document, as a page, and against a fuzzer."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from tests.api.conftest import ApiClient
from tests.page import PageClient

pytestmark = pytest.mark.one_database


@pytest.fixture
def described(stranger: ApiClient) -> dict[str, Any]:
    document: dict[str, Any] = stranger.get("/openapi.json").json
    return document


def test_every_route_is_described(app: Flask, described: dict[str, Any]) -> None:
    routes = {
        (method, str(rule).removeprefix("/api/v1").replace("<", "{").replace(">", "}"))
        for rule in app.url_map.iter_rules()
        if str(rule).startswith("/api/")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }

    found = {(method.upper(), path) for path, each in described["paths"].items() for method in each}
    assert routes - found == {("GET", "/openapi.json"), ("GET", "/docs")}
    assert found - routes == set()


def test_each_post_takes_an_idempotency_key(described: dict[str, Any]) -> None:
    without = [
        path
        for path, each in described["paths"].items()
        if "post" in each
        and "Idempotency-Key" not in [field["name"] for field in each["post"]["parameters"]]
    ]

    assert without == []


def test_codes_stand_beside_their_statuses(described: dict[str, Any]) -> None:
    responses = described["paths"]["/ai-requests"]["post"]["responses"]

    assert "insufficient_tokens" in responses["402"]["description"]
    assert "unknown_feature" in responses["404"]["description"]
    assert list(responses["402"]["content"]) == ["application/problem+json"]


def test_page_loads_nothing_from_elsewhere(page: PageClient) -> None:
    html = page.open("/api/v1/docs").html

    assert "POST /ai-requests" in html
    assert 'src="http' not in html
    assert 'href="http' not in html
