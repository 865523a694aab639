"""Each request leaves one line and answers with its id."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from structlog.testing import capture_logs

from billing.observability.logging import configure
from billing.web.request_log import HEADER

pytestmark = pytest.mark.one_database

Entry = dict[str, Any]


SECRETS = ("rk_test_51Habc", "ada@example.com", "4242424242424242")
FORGED = '%0d%0a{"event":"login.succeeded"}'


def break_down() -> str:
    raise ValueError(" ".join(SECRETS))


@pytest.fixture(autouse=True)
def _routes(app: Flask) -> None:
    app.add_url_rule("/items/<token>", "items", lambda token: f"item {token}")
    app.add_url_rule("/broken", "broken", break_down)


@pytest.fixture
def production_logs(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[[], list[Entry]]]:
    """Return what was logged so far, each line read as JSON."""
    configure(level="INFO", as_json=True)
    yield lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    configure(level="INFO", as_json=False)


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


def test_a_forged_line_stays_inside_its_own(
    client: FlaskClient, production_logs: Callable[[], list[Entry]]
) -> None:
    client.get(f"/{FORGED}", headers={"User-Agent": '{"event": "login.succeeded"}'})

    entries = production_logs()
    assert {"request.finished"} <= {entry["event"] for entry in entries}
    assert "login.succeeded" not in {entry["event"] for entry in entries}


def test_a_failure_tells_the_reader_its_id_and_the_log_its_cause(
    client: FlaskClient, production_logs: Callable[[], list[Entry]]
) -> None:
    response = client.get("/broken")

    entries = production_logs()
    (failure,) = [entry for entry in entries if "exception" in entry]
    everything = response.text + json.dumps(entries)
    assert response.status_code == 500
    assert response.headers[HEADER] in response.text
    assert {entry["request_id"] for entry in entries} == {response.headers[HEADER]}
    assert "ValueError" in failure["exception"]
    assert [secret for secret in SECRETS if secret in everything] == []
