"""`flask billing reconcile`: one line for each difference."""

from __future__ import annotations

from datetime import timedelta

from flask.testing import FlaskCliRunner

from billing import clock
from tests.reversals import tokens_of
from tests.shop import Shop


def test_what_was_lost_is_printed_and_mended_once(shop: Shop, cli: FlaskCliRunner) -> None:
    user = shop.user()
    shop.pay(shop.choose_package(user))
    (event,) = shop.events("checkout.session.completed")

    first = cli.invoke(args=["billing", "reconcile"])
    second = cli.invoke(args=["billing", "reconcile"])

    assert (first.exit_code, second.exit_code) == (0, 0)
    assert first.stdout.splitlines() == [
        f"event {event['id']}: checkout.session.completed never reached us (repaired)",
        "1 difference.",
    ]
    assert second.stdout == "0 differences.\n"
    assert tokens_of(user) == (500, 0, 0)


def test_a_dry_run_changes_nothing(shop: Shop, cli: FlaskCliRunner) -> None:
    user = shop.user()
    shop.pay(shop.choose_package(user))

    first = cli.invoke(args=["billing", "reconcile", "--dry-run"])
    second = cli.invoke(args=["billing", "reconcile", "--dry-run"])

    assert first.stdout == second.stdout
    assert "(found)" in first.stdout
    assert first.stdout.endswith("differences.\n")
    assert tokens_of(user) == (0, 0, 0)


def test_it_looks_only_as_far_back_as_it_is_told(shop: Shop, cli: FlaskCliRunner) -> None:
    shop.pay(shop.choose_package(shop.user()))
    tomorrow = clock.now() + timedelta(days=1)

    result = cli.invoke(
        args=["billing", "reconcile", "--dry-run", "--since", f"{tomorrow:%Y-%m-%d}"]
    )

    assert result.stdout.splitlines()[-1] == "1 difference."
    assert result.stdout.startswith("order 1: it is open, and its checkout is complete and paid")


def test_stripe_being_away_is_an_error(shop: Shop, cli: FlaskCliRunner) -> None:
    shop.control.fail_next("events", "reset", times=5)

    result = cli.invoke(args=["billing", "reconcile"])

    assert result.exit_code == 1
    assert result.stderr.endswith("Try again in a minute.\n")
