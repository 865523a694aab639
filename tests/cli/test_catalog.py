"""`flask billing catalog`: files in, files out, Stripe at the other end."""

from __future__ import annotations

from pathlib import Path

from flask.testing import FlaskCliRunner

from billing.domain.catalog_file import parse
from billing.services import catalog
from tests.factories import DEMO_CATALOG
from tests.shop import Shop


def test_apply_prints_what_changed_and_then_nothing(cli: FlaskCliRunner) -> None:
    first = cli.invoke(args=["billing", "catalog", "apply", str(DEMO_CATALOG)])
    second = cli.invoke(args=["billing", "catalog", "apply", str(DEMO_CATALOG)])

    assert first.exit_code == 0
    assert "added tier pro (version 1)" in first.stdout
    assert second.stdout == "No changes.\n"


def test_a_bad_file_names_its_lines_and_changes_nothing(
    cli: FlaskCliRunner, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.toml"
    text = DEMO_CATALOG.read_text()
    bad.write_text(text.replace("price_month = 4900", 'price_month = "49"'))
    line = text[: text.index("price_month = 4900")].count("\n") + 1

    result = cli.invoke(args=["billing", "catalog", "apply", str(bad)])

    assert result.exit_code == 1
    assert f"line {line}: tiers.pro.price_month must be a valid integer" in result.stderr
    assert catalog.list_tiers() == []


def test_a_missing_file_is_wrong_usage(cli: FlaskCliRunner, tmp_path: Path) -> None:
    result = cli.invoke(args=["billing", "catalog", "apply", str(tmp_path / "none.toml")])

    assert result.exit_code == 2
    assert "No such file" in result.stderr


def test_a_file_can_come_from_the_standard_input(cli: FlaskCliRunner) -> None:
    result = cli.invoke(args=["billing", "catalog", "apply", "-"], input=DEMO_CATALOG.read_text())

    assert result.exit_code == 0
    assert len(catalog.list_tiers()) == 4


def test_export_prints_a_file_that_diff_finds_no_change_in(
    cli: FlaskCliRunner, tmp_path: Path
) -> None:
    cli.invoke(args=["billing", "catalog", "apply", str(DEMO_CATALOG)])
    exported = tmp_path / "exported.toml"

    exported.write_text(cli.invoke(args=["billing", "catalog", "export"]).stdout)

    assert cli.invoke(args=["billing", "catalog", "diff", str(exported)]).stdout == "No changes.\n"
    assert parse(exported.read_bytes()) == parse(DEMO_CATALOG.read_bytes())


def test_push_prints_each_price_and_repeats_itself(shop: Shop, cli: FlaskCliRunner) -> None:
    first = cli.invoke(args=["billing", "catalog", "push"])
    second = cli.invoke(args=["billing", "catalog", "push"])

    keys = [line.split()[0] for line in first.stdout.splitlines()]
    assert first.exit_code == 0
    assert first.stdout == second.stdout
    assert keys[:2] == ["billhook:starter:v1:month", "billhook:starter:v1:year"]
    assert len(keys) == 10


def test_push_without_stripe_is_a_clear_error(cli: FlaskCliRunner) -> None:
    cli.invoke(args=["billing", "catalog", "apply", str(DEMO_CATALOG)])

    result = cli.invoke(args=["billing", "catalog", "push"])

    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1].startswith("Error: ")
