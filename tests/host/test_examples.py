"""The examples do what they say, against a server that answers over HTTP."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

import pytest
from flask import Flask

from billing.services import api_keys
from billing.settings import Settings
from examples.flask_host import create_host
from tests.architecture.source import ROOT
from tests.shop import Shop, session_id_of

pytestmark = pytest.mark.one_database

PYTHON = (sys.executable, "examples/http_client.py")
NODE = (shutil.which("node") or "node", "examples/http_client.mjs")
BUY = re.compile(r"^buy here: (\S+)$", re.MULTILINE)

needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")


def _run(command: tuple[str, ...], settings: Settings, key: str) -> str:
    done = subprocess.run(
        [*command, settings.base_url, key],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("command", [PYTHON, pytest.param(NODE, marks=needs_node)])
def test_http_client_goes_from_the_first_user_to_bought_tokens(
    live_app: Flask, shop: Shop, settings: Settings, command: tuple[str, ...]
) -> None:
    key = api_keys.create(name="example", actor="test")

    first = _run(command, settings, key)
    found = BUY.search(first)
    assert found
    shop.pay(session_id_of(found[1]))
    for event in shop.events():
        shop.deliver(event)
    second = _run(command, settings, key)

    assert "is on free" in first
    assert "ai_mentor: " in first
    assert "charged 6 requests, 0 tokens" in first
    assert "refused: 6 tokens needed, 0 there" in first
    assert "token balance 500" in second
    assert "You asked: what is a hook?" in second


def test_flask_host_is_charged_for_what_it_streamed(shop: Shop, settings: Settings) -> None:
    client = create_host(settings).test_client()
    assert client.get("/ask?question=what").status_code == 401
    client.get("/login?user=ada")

    answer = client.get("/ask?question=what+is+a+hook")

    assert answer.text.split() == ["You", "asked:", "what", "is", "a", "hook"]
    assert "14 requests left" in client.get("/").text
    assert client.get("/mentor").status_code == 403


def test_flask_host_leads_to_the_account_page(shop: Shop, settings: Settings) -> None:
    client = create_host(settings).test_client()
    client.get("/login?user=ada")

    portal = client.get("/plan").headers["Location"].removeprefix(settings.base_url)
    client.get(portal)

    assert client.get("/billing/account").status_code == 200
