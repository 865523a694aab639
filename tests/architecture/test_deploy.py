"""What `deploy/` says of the tree is true of the tree: files, settings, nothing secret."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from billing.settings import Settings
from tests.architecture.source import ROOT

DEPLOY = ROOT / "deploy"
# What the image needs at run time; docs/ is where the comprehensive check writes its summary.
SHIPPED = {"billing", "templates", "static", "migrations", "scripts", "wsgi.py", "pyproject.toml"}


def _compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return loaded


def test_the_image_holds_what_the_app_needs() -> None:
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (DEPLOY / "Dockerfile").read_text(), re.M)
    names = {name for line in copied for name in line.split()}
    let_in = set(re.findall(r"^!(.+)$", (DEPLOY / "Dockerfile.dockerignore").read_text(), re.M))

    assert names >= SHIPPED
    assert names == let_in
    assert [name for name in names if not (ROOT / name).exists()] == []


def test_every_variable_of_the_compose_file_is_asked_for_in_the_example() -> None:
    asked = set(re.findall(r"\$\{(\w+):\?", (DEPLOY / "compose.yaml").read_text()))
    listed = set(re.findall(r"^(\w+)=", (DEPLOY / ".env.example").read_text(), re.M))

    assert asked == listed


def test_the_compose_file_sets_what_the_settings_read() -> None:
    known = {field.alias for field in Settings.model_fields.values()}

    assert set(_compose()["x-billhook"]["environment"]) <= known


def test_prometheus_asks_by_a_name_that_the_app_answers_to() -> None:
    scraped = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
    targets = scraped["scrape_configs"][0]["static_configs"][0]["targets"]
    environment = _compose()["x-billhook"]["environment"]

    assert [target.partition(":")[0] for target in targets] == [environment["TRUSTED_HOSTS"]]


def test_no_secret_stands_in_the_compose_file() -> None:
    environment = {
        name: value
        for service in _compose()["services"].values()
        for name, value in service.get("environment", {}).items()
    }
    secret = {
        name: value
        for name, value in environment.items()
        if re.search(r"SECRET|PASSWORD|TOKEN|KEY|MAIL_URL", name)
    }

    assert secret
    assert [name for name, value in secret.items() if not value.startswith("${")] == []


def test_what_the_compose_file_mounts_exists() -> None:
    mounts = [
        Path(volume.partition(":")[0])
        for service in _compose()["services"].values()
        for volume in service.get("volumes", [])
        if isinstance(volume, str) and volume.startswith("./")
    ]

    assert mounts
    assert [str(mount) for mount in mounts if not (DEPLOY / mount).exists()] == []
