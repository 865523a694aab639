"""The documents in `docs/` say what the API does: every call, every code, every command."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import Any

import pytest
from flask import Flask

from billing.services import api_keys, stripe_events
from billing.settings import Settings
from tests.api.conftest import ApiClient
from tests.architecture.source import ROOT
from tests.shop import Shop

CALL = re.compile(r"^\| `(GET|POST) (/[^`]*)`", re.MULTILINE)
CODE = re.compile(r"[a-z]+(?:_[a-z]+)+")
SHELL = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)


def _text(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


@pytest.fixture
def described(stranger: ApiClient) -> dict[str, Any]:
    document: dict[str, Any] = stranger.get("/openapi.json").json
    return document


def test_every_call_is_documented(described: dict[str, Any]) -> None:
    documented = set(CALL.findall(_text("api.md")))

    calls = {(m.upper(), path) for path, each in described["paths"].items() for m in each}
    assert documented == calls


def test_every_code_is_documented(described: dict[str, Any]) -> None:
    codes = {
        code
        for each in described["paths"].values()
        for operation in each.values()
        for status, response in operation["responses"].items()
        if not status.startswith("2")
        for code in CODE.findall(response["description"].partition(": ")[2])
    }

    text = _text("api.md")
    assert {code for code in codes if f"`{code}`" not in text} == set()
    assert len(codes) > 25


def test_endpoint_of_stripe_gets_every_event_that_is_handled() -> None:
    text = _text("going-live.md")

    assert [name for name in stripe_events.HANDLERS if f"\n{name}\n" not in text] == []


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_quickstart_works_as_written(live_app: Flask, shop: Shop, settings: Settings) -> None:
    steps = [each for each in SHELL.findall(_text("quickstart.md")) if "curl" in each]
    key = api_keys.create(name="quickstart", actor="test")
    script = f"BILLHOOK={settings.base_url}/api/v1\nKEY={key}\n" + "\necho\n".join(steps)

    done = subprocess.run(
        ["bash", "-eu"], input=script, capture_output=True, text=True, timeout=60, check=False
    )

    assert done.returncode == 0, done.stderr
    for expected in (
        '"external_id":"u-1"',
        '"allowed":true,"reason":"in_tier"',
        '"allowed":false,"reason":"not_in_tier"',
        '"from_quota":1',
        '"state":"settled","quantity":3',
        '"code":"insufficient_tokens"',
        '"url":"',
        '"balance":0',
        "/portal/",
    ):
        assert expected in done.stdout
