"""`flask billing events`: what Stripe sent, looked at and applied again."""

from __future__ import annotations

from flask.testing import FlaskCliRunner

from tests.shop import Shop


def test_events_of_a_checkout_are_listed_newest_first(shop: Shop, cli: FlaskCliRunner) -> None:
    shop.pay(shop.choose_tier(shop.user()))
    events = shop.events("checkout.session.completed", "invoice.paid")
    for event in events:
        shop.deliver(event)

    result = cli.invoke(args=["billing", "events", "list"])

    listed = [line.split()[2] for line in result.stdout.splitlines()]
    assert result.exit_code == 0
    assert listed == [event["id"] for event in reversed(events)]


def test_the_list_can_be_narrowed(shop: Shop, cli: FlaskCliRunner) -> None:
    shop.pay(shop.choose_tier(shop.user()))
    shop.deliver(shop.events("checkout.session.completed")[0])

    failed = cli.invoke(args=["billing", "events", "list", "--state", "failed"])
    processed = cli.invoke(args=["billing", "events", "list", "--state", "processed"])

    assert failed.stdout == ""
    assert "checkout.session.completed  processed  attempts=1" in processed.stdout


def test_an_event_is_shown_with_its_payload(shop: Shop, cli: FlaskCliRunner) -> None:
    shop.pay(shop.choose_tier(shop.user()))
    event = shop.events("checkout.session.completed")[0]
    shop.deliver(event)

    result = cli.invoke(args=["billing", "events", "show", event["id"]])

    assert result.exit_code == 0
    assert f'"id": "{event["id"]}"' in result.stdout


def test_a_replayed_event_does_its_work(shop: Shop, cli: FlaskCliRunner) -> None:
    user = shop.user()
    shop.pay(shop.choose_tier(user))
    event = shop.events("checkout.session.completed")[0]
    shop.deliver(event)

    result = cli.invoke(args=["billing", "events", "replay", event["id"]])

    assert result.exit_code == 0
    assert "processed  attempts=2" in result.stdout
    assert user.subscription.tier.slug == "pro"


def test_an_unknown_event_is_an_error(cli: FlaskCliRunner) -> None:
    result = cli.invoke(args=["billing", "events", "show", "evt_none"])

    assert result.exit_code == 1
    assert result.stderr.startswith("Error: No event evt_none")
