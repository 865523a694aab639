"""The comprehensive check: it passes on a working instance, sees a broken one, leaves nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from billing import create_app
from billing.database import db, transaction
from billing.observability.logging import configure
from billing.services import metering
from billing.settings import Settings
from scripts import test_billing_comprehensive as script
from scripts.comprehensive import CHECKS
from tests.architecture.source import ROOT
from tests.databases import Databases
from tests.factories import account, demo_catalog
from tests.settings import make_settings
from tests.shop import Shop

SCRIPT = ROOT / "scripts" / "test_billing_comprehensive.py"


def run(
    settings: Settings, directory: Path, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the script from another directory, as an operator of the settings' instance would."""
    stripe = {
        "STRIPE_SECRET_KEY": settings.stripe_secret_key,
        "STRIPE_WEBHOOK_SECRET": ",".join(settings.stripe_webhook_secrets),
        "STRIPE_API_BASE": settings.stripe_api_base or "",
    }
    given = {"DATABASE_URL": settings.database_url, "SECRET_KEY": settings.secret_key}
    return subprocess.run(
        [sys.executable, SCRIPT, "--summary", directory / "summary.md"],
        cwd=directory,
        env=os.environ | given | stripe | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def row_counts() -> dict[str, int]:
    db.session.rollback()
    return {
        table.name: db.session.scalars(select(func.count()).select_from(table)).one()
        for table in db.metadata.sorted_tables
    }


def test_it_passes_twice_and_leaves_every_table_as_it_was(
    shop: Shop, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop.pay(shop.choose_package(shop.user()))
    metering.record(account(), "ai_chat", 2)
    before = row_counts()

    first = run(settings, tmp_path, LOG_LEVEL="DEBUG")
    again = script.check(shop.app, tmp_path / "again.md")

    all_passed = f"{len(CHECKS) + 2} passed, 0 failed, 0 skipped."
    assert (first.returncode, first.stderr, again) == (0, "", 0), first.stdout
    assert all_passed in first.stdout
    assert all_passed in capsys.readouterr().out
    assert row_counts() == before
    summary = (tmp_path / "summary.md").read_text()
    assert all(f"| pass | {check.name} |" in summary for check in CHECKS)
    assert str(tmp_path) not in summary


@pytest.mark.one_database
def test_books_that_differ_fail_it_and_nothing_else(
    app: Flask, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    demo_catalog()
    user = account()
    with transaction() as session:
        session.execute(text("UPDATE user_token_balances SET balance = 11"))

    code = script.check(app, tmp_path)

    said = capsys.readouterr()
    assert code == 1
    assert [line for line in said.out.splitlines() if line.startswith("FAIL")] == [
        "FAIL  Verify: the books differ; `flask billing verify` lists where"
    ]
    assert f"user {user.id}" in said.err
    # Nobody answers at the configured address: there is nothing to compare with.
    assert "skip  Reconcile: " in said.out
    assert "The summary was not written: Is a directory." in said.out


def test_production_is_required_to_log_json() -> None:
    production = make_settings(
        environment="production",
        database_url="postgresql://nobody@127.0.0.1:1/none",
        configured_base_url="https://billing.example.test",
        configured_person_key="another-test-key-of-at-least-32-characters",
        configured_stripe_secret_key="sk_live_" + "a" * 24,
        configured_webhook_secrets=("whsec_" + "b" * 32,),
        mail_url="smtp://127.0.0.1:1",
        mail_from="Billing <billing@example.test>",
    )
    app = create_app(production)
    (logging_check,) = [each for each in CHECKS if each.name == "Logging configuration"]

    with app.app_context():
        assert logging_check.see().startswith("JSON from INFO on;")
        configure(level="INFO", as_json=False)
        with pytest.raises(json.JSONDecodeError):
            logging_check.see()


@pytest.mark.one_database
def test_a_database_without_migrations_ends_it_at_once(
    databases: Databases, database_kind: str, tmp_path: Path
) -> None:
    with databases.empty(database_kind, tmp_path) as url:
        app = create_app(make_settings(database_url=url))
        with app.app_context():
            said = [str(result) for result in script.run_all()]

    assert len(said) == 1
    assert said[0].startswith("FAIL  Database: problems: expected [], found ['the database is at")


def test_the_summary_in_the_docs_is_of_these_checks() -> None:
    summary = (ROOT / "docs" / "BILLING_BACKEND_TEST_SUMMARY.md").read_text()
    rows = [line.split(" | ") for line in summary.splitlines() if line.startswith("| pass")]

    assert [row[1] for row in rows] == [
        "Database",
        *(check.name for check in CHECKS),
        "Nothing left behind",
    ]
