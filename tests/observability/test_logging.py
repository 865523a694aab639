"""The lines that operators get: one event each, JSON in production, nothing forged."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from billing.observability.logging import configure

FORGED = 'x\r\n{"event": "login.succeeded", "level": "info"}\u2028\x1b[31m'


@pytest.fixture(autouse=True)
def _former_configuration() -> Iterator[None]:
    configuration, root = structlog.get_config(), logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    structlog.configure(**configuration)
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.contextvars.clear_contextvars()


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().err.rstrip("\n").split("\n")


def test_production_writes_one_json_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure(level="INFO", as_json=True)

    structlog.get_logger("x").info("order.paid", order_id=7, path=FORGED)

    (line,) = lines(capsys)
    entry = json.loads(line)
    assert (entry["event"], entry["order_id"], entry["level"]) == ("order.paid", 7, "info")
    assert entry["path"] == FORGED
    assert entry["timestamp"].endswith("Z")


def test_development_keeps_an_event_on_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure(level="INFO", as_json=False)

    structlog.get_logger("x").info(FORGED, path=FORGED)

    (line,) = lines(capsys)
    assert "\x1b" not in line
    assert "\u2028" not in line


def test_the_context_stands_on_every_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure(level="INFO", as_json=True)
    structlog.contextvars.bind_contextvars(request_id="req-12345678", user_id=7)

    structlog.get_logger("x").info("a.b")
    logging.getLogger("alembic").info("migrated")

    entries = [json.loads(line) for line in lines(capsys)]
    assert [(entry["request_id"], entry["user_id"]) for entry in entries] == [
        ("req-12345678", 7),
        ("req-12345678", 7),
    ]


def test_the_standard_library_takes_the_same_way(capsys: pytest.CaptureFixture[str]) -> None:
    configure(level="INFO", as_json=True)

    logging.getLogger("sqlalchemy.engine").warning("pool for %s is full", "ada@example.com")

    (line,) = lines(capsys)
    entry = json.loads(line)
    assert entry["event"] == "pool for [redacted] is full"
    assert (entry["logger"], entry["level"]) == ("sqlalchemy.engine", "warning")


@pytest.mark.parametrize("as_json", [True, False])
def test_a_traceback_is_redacted(capsys: pytest.CaptureFixture[str], *, as_json: bool) -> None:
    configure(level="INFO", as_json=as_json)
    secrets = ("rk_test_51Habc", "ada@example.com", "4242424242424242")
    error = ValueError(" ".join(secrets))

    structlog.get_logger("x").error("request.failed", exc_info=error)
    logging.getLogger("billing").error("request failed", exc_info=error)

    text = capsys.readouterr().err
    assert text.count("ValueError") == 2
    assert [secret for secret in secrets if secret in text] == []


def test_less_severe_events_are_dropped(capsys: pytest.CaptureFixture[str]) -> None:
    configure(level="WARNING", as_json=True)

    structlog.get_logger("x").info("a.b")
    logging.getLogger("alembic").info("a")

    assert capsys.readouterr().err == ""


def test_urls_and_request_bodies_of_libraries_are_never_logged(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure(level="DEBUG", as_json=True)

    logging.getLogger("stripe").debug("Post details post_data=...")
    logging.getLogger("werkzeug").info("GET /reset-password/abc")

    assert capsys.readouterr().err == ""


def test_a_second_configuration_replaces_the_first(capsys: pytest.CaptureFixture[str]) -> None:
    configure(level="INFO", as_json=False)
    configure(level="INFO", as_json=True)

    logging.getLogger("alembic").info("migrated")

    (line,) = lines(capsys)
    assert json.loads(line)["event"] == "migrated"
