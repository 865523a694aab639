"""Every log call of the tree, found in its source: well named, and safe whatever it is given."""

from __future__ import annotations

import ast
import json
import logging
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import structlog

from billing.observability.logging import configure
from billing.observability.redaction import REDACTED
from tests.architecture.source import modules

LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
NAME = re.compile(r"[a-z][a-z_]*\.[a-z][a-z_]*")
LIVE = "live"
SECRETS = (
    f"sk_{LIVE}_51HabcDEFghi",
    f"rk_{LIVE}_51HabcDEFghi",
    "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "bk_a1b2c3d4_Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6",
    "tk_a1b2c3d4_Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6",
    "5257a869e7ecebeda32affa62cdca3fa51cad7e77a0e56ff536d0ce8e108d8bd",
    "4242 4242 4242 4242",
    "378282246310005",
    "ada.lovelace@example.com",
    "hunter2hunter2",
)
HOSTILE = (
    "{}; {}; {}; {}; {}; t=1,v1={}; {}; {}; <{}>; postgresql://app:{}@db/x".format(*SECRETS)
    + '\r\n{"event": "login.succeeded", "level": "info"}\u2028\x1b[2J'
)


@dataclass(frozen=True)
class LogCall:
    """One place that writes to the log."""

    where: str
    level: str
    event: str
    fields: tuple[str, ...]
    is_structured: bool


def _log_calls() -> Iterator[LogCall]:
    for module in modules("billing"):
        is_structured = "structlog.get_logger" in module.text
        for node in ast.walk(module.tree):
            if not isinstance(node, ast.Call):
                continue
            owner, _, method = ast.unparse(node.func).rpartition(".")
            if (owner, method) == ("log", "log"):
                level, event = "chosen", node.args[1]
            elif owner == "log" and method in LEVELS:
                level, event = "error" if method == "exception" else method, node.args[0]
            else:
                continue
            fields = tuple(keyword.arg or "members" for keyword in node.keywords)
            said = event.value if isinstance(event, ast.Constant) else ast.unparse(event)
            yield LogCall(module.where(node), level, str(said), fields, is_structured)


CALLS = list(_log_calls())
STRUCTURED = [call for call in CALLS if call.is_structured]
PLAIN = [call for call in CALLS if not call.is_structured]


@pytest.fixture(autouse=True)
def _former_configuration() -> Iterator[None]:
    configuration, root = structlog.get_config(), logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    structlog.configure(**configuration)
    root.handlers[:] = handlers
    root.setLevel(level)


def _write(call: LogCall, value: object) -> None:
    if call.is_structured:
        facts = {field: value for field in call.fields if field != "exc_info"}
        structlog.get_logger("x").error(call.event, **facts)
    else:
        logging.getLogger("billing.sandbox").error(
            call.event, *[value] * len(re.findall("%s", call.event))
        )


def test_there_are_log_calls() -> None:
    assert len(STRUCTURED) > 80
    assert len(PLAIN) >= 5


def test_each_event_is_named_as_a_thing_and_what_became_of_it() -> None:
    assert [call.where for call in STRUCTURED if not NAME.fullmatch(call.event)] == []


def test_each_name_has_one_level() -> None:
    levels = defaultdict(set)
    for call in STRUCTURED:
        levels[call.event].add(call.level)

    assert {name: found for name, found in levels.items() if len(found) > 1} == {}


def test_no_call_overwrites_what_the_context_says() -> None:
    own = {"event", "level", "timestamp", "request_id", "logger"}

    assert [call.where for call in STRUCTURED if own & set(call.fields)] == []


@pytest.mark.parametrize("as_json", [True, False])
def test_no_log_call_lets_a_secret_out(
    capsys: pytest.CaptureFixture[str], *, as_json: bool
) -> None:
    """Every field of every call is given every kind of secret and a forged line."""
    configure(level="DEBUG", as_json=as_json)
    told = {}
    for call in CALLS:
        _write(call, HOSTILE)
        told[call.where] = capsys.readouterr().err

    leaks = {
        where: [secret for secret in SECRETS if secret in text] for where, text in told.items()
    }
    assert {where: secrets for where, secrets in leaks.items() if secrets} == {}
    assert {where: text for where, text in told.items() if text.count("\n") != 1} == {}
    assert not any("\x1b" in text or "\u2028" in text for text in told.values())


def test_each_line_of_production_is_one_object_with_its_own_event(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure(level="DEBUG", as_json=True)
    for call in STRUCTURED:
        _write(call, HOSTILE)

    entries = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [entry["event"] for entry in entries] == [call.event for call in STRUCTURED]


def test_ordinary_facts_come_through_every_call(capsys: pytest.CaptureFixture[str]) -> None:
    """A field whose name sounds secret would be empty for ever, and nobody would notice."""
    configure(level="DEBUG", as_json=True)
    for call in STRUCTURED:
        _write(call, 4711)

    entries = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    hidden = [
        f"{call.where} {name}"
        for call, entry in zip(STRUCTURED, entries, strict=True)
        for name, value in entry.items()
        if value == REDACTED
    ]
    assert hidden == []
