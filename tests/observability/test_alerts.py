"""What watches Billhook: alerts and panels read what exists, and each alert has its entry."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from billing import can_access_feature
from billing.services import holds, metering, verification
from billing.settings import Settings
from tests.architecture.source import ROOT
from tests.shop import WEBHOOK_SECRET, Shop, post_event

TOKEN = "a-token-of-the-tests-for-metrics"
PROMETHEUS = ROOT / "deploy" / "prometheus"
GRAFANA = ROOT / "deploy" / "grafana"
RULES = PROMETHEUS / "rules" / "billhook.yml"
RULE_TESTS = PROMETHEUS / "tests" / "billhook.yml"
SELECTOR = re.compile(r"(billhook_\w+)(?:\{([^}]*)\})?")


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"metrics_token": TOKEN})


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def alerts() -> list[dict[str, Any]]:
    return [rule for group in load(RULES)["groups"] for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    dashboard = json.loads((GRAFANA / "dashboards" / "billhook.json").read_text())
    found: list[dict[str, Any]] = dashboard["panels"]
    return found


def expressions() -> list[str]:
    shown = [target["expr"] for panel in panels() for target in panel["targets"]]
    return [*shown, *(alert["expr"] for alert in alerts())]


def selectors() -> set[tuple[str, frozenset[str]]]:
    """Return each metric that is read, with the labels that are asked of it."""
    return {
        (name, frozenset(re.findall(r"(\w+)=", matchers)))
        for expression in expressions()
        for name, matchers in SELECTOR.findall(expression)
    }


def scrape(shop: Shop) -> dict[str, set[str]]:
    """Return the labels of each sample that the app exposes."""
    text = shop.app.test_client().get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).text
    exposed: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            exposed.setdefault(sample.name, set()).update(sample.labels)
    return exposed


@pytest.mark.one_database
def test_alerts_and_panels_read_what_the_app_exposes(shop: Shop) -> None:
    user = shop.user()
    can_access_feature(user, "ai_chat")
    metering.record(user, "ai_chat")
    holds.hold(user, "ai_chat")
    shop.pay(shop.choose_tier(user))
    for event in shop.events("checkout.session.completed"):
        post_event(shop.app, event, WEBHOOK_SECRET)
    verification.verify_daily()

    exposed = scrape(shop)

    missing = [
        (name, sorted(labels))
        for name, labels in selectors()
        if not labels <= exposed.get(name, {"is not exposed"}) or name not in exposed
    ]
    assert len(selectors()) > 15
    assert missing == []


def test_each_alert_fires_and_stays_silent_as_it_should() -> None:
    tested = {
        case["alertname"] for test in load(RULE_TESTS)["tests"] for case in test["alert_rule_test"]
    }

    promtool = subprocess.run(
        ["promtool", "test", "rules", RULE_TESTS], capture_output=True, text=True, check=False
    )

    assert promtool.returncode == 0, promtool.stdout + promtool.stderr
    assert tested == {alert["alert"] for alert in alerts()}


def test_prometheus_takes_its_configuration() -> None:
    checked = subprocess.run(
        ["promtool", "check", "config", "--syntax-only", PROMETHEUS / "prometheus.yml"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert checked.returncode == 0, checked.stderr
    assert load(PROMETHEUS / "prometheus.yml")["rule_files"] == ["rules/*.yml"]


def test_each_alert_leads_to_its_entry_in_the_runbook() -> None:
    runbook = (ROOT / "docs" / "runbook.md").read_text()
    headings = re.findall(r"^## (\w+)$", runbook, re.MULTILINE)

    assert headings == [alert["alert"] for alert in alerts()]
    assert [alert["annotations"]["runbook"] for alert in alerts()] == [
        f"docs/runbook.md#{heading.lower()}" for heading in headings
    ]


def test_panels_ask_the_data_source_that_is_provisioned() -> None:
    sources = load(GRAFANA / "provisioning" / "datasources" / "prometheus.yaml")["datasources"]

    assert {panel["datasource"]["uid"] for panel in panels()} == {each["uid"] for each in sources}
