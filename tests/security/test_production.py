"""Production starts with its own secrets or not at all, and with nobody in it.

A9 (accounts), H5 (hosts), O1 (settings), O2 (health), O5 (privileges).
"""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner
from sqlalchemy import func, select

from billing import create_app
from billing.database import db
from billing.models import User
from billing.services import users
from billing.settings import (
    DEVELOPMENT_SECRET_KEY,
    SANDBOX_SECRET_KEY,
    SANDBOX_WEBHOOK_SECRET,
    InvalidSettings,
)
from tests.architecture.source import ROOT
from tests.factories import demo_catalog
from tests.settings import make_settings

SOUND: dict[str, object] = {
    "environment": "production",
    "secret_key": "s" * 40,
    "configured_base_url": "https://pay.test",
    "configured_stripe_secret_key": "rk_live_" + "x" * 24,
    "configured_webhook_secrets": ("whsec_" + "x" * 32,),
    "database_url": "postgresql://nobody@127.0.0.1:1/none",
}
# What would be a door, and the variable that the refusal names.
UNSOUND: list[tuple[dict[str, object], str]] = [
    ({"secret_key": DEVELOPMENT_SECRET_KEY}, "SECRET_KEY"),
    ({"secret_key": "short-secret"}, "SECRET_KEY"),
    ({"configured_stripe_secret_key": None}, "STRIPE_SECRET_KEY"),
    ({"configured_stripe_secret_key": SANDBOX_SECRET_KEY}, "STRIPE_SECRET_KEY"),
    ({"configured_stripe_secret_key": "sk_test_" + "y" * 24}, "STRIPE_SECRET_KEY"),
    ({"configured_webhook_secrets": ()}, "STRIPE_WEBHOOK_SECRET"),
    ({"configured_webhook_secrets": (SANDBOX_WEBHOOK_SECRET,)}, "STRIPE_WEBHOOK_SECRET"),
    ({"configured_stripe_api_base": "http://127.0.0.1:8010"}, "STRIPE_API_BASE"),
    ({"configured_base_url": "http://pay.test"}, "BILLING_BASE_URL"),
    ({"configured_base_url": None}, "BILLING_BASE_URL"),
    ({"database_url": "sqlite:///billing.db"}, "DATABASE_URL"),
    ({"host_webhook_url": "http://host.test", "host_webhook_secrets": ("h" * 30,)}, "HOST_WEBHOOK"),
    ({"metrics_token": "guessable"}, "METRICS_TOKEN"),
    ({"debug": "1"}, "FLASK_DEBUG"),
]


def test_a_sound_production_starts() -> None:
    app = create_app(make_settings(**SOUND))

    endpoints = {rule.endpoint for rule in app.url_map.iter_rules()}
    assert "styleguide.index" not in endpoints
    assert not app.debug
    assert app.config["SESSION_COOKIE_SECURE"]
    assert app.test_client().get("/metrics", base_url="https://pay.test").status_code in {401, 404}


@pytest.mark.parametrize(("change", "variable"), UNSOUND, ids=range(len(UNSOUND)))
def test_an_unsound_one_says_which_variable_and_not_its_value(
    change: dict[str, object], variable: str
) -> None:
    with pytest.raises(InvalidSettings) as refusal:
        make_settings(**(SOUND | change))

    said = str(refusal.value)
    assert variable in said
    texts = [value for value in change.values() if isinstance(value, str) and len(value) > 1]
    assert [text for text in (*texts, "h" * 30, SANDBOX_WEBHOOK_SECRET) if text in said] == []


@pytest.mark.parametrize("host", ["evil.test", "pay.test.evil.test", "pay.test@evil.test", ""])
def test_another_host_is_refused(host: str) -> None:
    app = create_app(make_settings(**SOUND))

    assert app.test_client().get("/healthz", headers={"Host": host}).status_code == 400


@pytest.mark.one_database
def test_nobody_is_there_at_the_start(app: Flask, cli: FlaskCliRunner) -> None:
    assert db.session.scalar(select(func.count(User.id))) == 0
    demo_catalog()

    cli.invoke(args=["billing", "create-user", "root@pay.test", "--admin"])

    assert users.get("root@pay.test").password_hash is None


@pytest.mark.one_database
def test_health_tells_no_version(app: Flask) -> None:
    answer = app.test_client().get("/healthz")

    assert answer.get_json() == {"status": "ok"}
    assert "Server" not in answer.headers


def test_the_database_file_is_its_owners(tmp_path: Path) -> None:
    app = create_app(make_settings(database_url=f"sqlite:///{tmp_path / 'own.db'}"))
    with app.app_context():
        db.session.execute(select(1))
        db.session.remove()

    assert stat.S_IMODE((tmp_path / "own.db").stat().st_mode) == 0o600


def test_the_containers_may_little() -> None:
    image = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
    services = (ROOT / "deploy" / "compose.yaml").read_text(encoding="utf-8")

    last_stage = image.rpartition("\nFROM ")[2]
    assert re.findall(r"^USER (.+)$", last_stage, re.MULTILINE) == ["10001"]
    for line in ("read_only: true", "cap_drop: [ALL]", 'security_opt: ["no-new-privileges:true"]'):
        assert line in services
