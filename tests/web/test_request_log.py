"""Each request leaves one line and answers with its id."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from structlog.testing import capture_logs

from billing.web.request_log import HEADER


@pytest.fixture(autouse=True)
def _route(app: Flask) -> None:
    app.add_url_rule("/items/<token>", "items", lambda token: f"item {token}")


def test_a_sound_id_comes_back(client: FlaskClient) -> None:
    response = client.get("/items/1", headers={HEADER: "edge-7f3a.2026"})

    assert response.headers[HEADER] == "edge-7f3a.2026"


@pytest.mark.parametrize("proposed", ["", "short", "x" * 65, "a b c d e f", "ä" * 10, '{"a":1}xx'])
def test_an_unsound_id_is_replaced(client: FlaskClient, proposed: str) -> None:
    response = client.get("/items/1", headers={HEADER: proposed})

    assert len(response.headers[HEADER]) == 32
    assert response.headers[HEADER] != proposed


def test_a_request_is_one_line_with_its_rule_not_its_path(client: FlaskClient) -> None:
    with capture_logs() as logs:
        client.get("/items/s3cret?session_id=cs_1")

    (entry,) = [entry for entry in logs if entry["event"] == "request.finished"]
    assert (entry["method"], entry["route"], entry["status"]) == ("GET", "/items/<token>", 200)
    assert "s3cret" not in str(entry)


def test_an_unknown_path_is_cut(client: FlaskClient) -> None:
    with capture_logs() as logs:
        client.get("/" + "x" * 5000)

    (entry,) = [entry for entry in logs if entry["event"] == "request.finished"]
    assert entry["status"] == 404
    assert len(entry["route"]) == 200
