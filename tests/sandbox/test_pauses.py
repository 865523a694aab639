"""Subscriptions that rest: paused, resumed, and those whose invoices are not collected."""

from typing import Any

import pytest
import stripe

from tests.sandbox.clock_runner import ClockRunner, at, day_of, latest_invoice

NO_CREDIT: Any = {"bill_for": {"unused_time_from": {"type": "none"}}}


@pytest.fixture
def runner(client: stripe.StripeClient) -> ClockRunner:
    return ClockRunner(client, "2027-01-31T10:00")


def test_a_paused_subscription_is_not_billed_until_it_is_resumed(runner: ClockRunner) -> None:
    subscription = runner.subscribe(runner.price("Pro", 4900))
    subscriptions = runner.client.v1.subscriptions

    paused = subscriptions.pause(subscription.id, NO_CREDIT)
    runner.advance("2027-03-15T10:00")
    assert len(runner.invoices(subscription)) == 1
    resumed = subscriptions.resume(subscription.id, {"billing_cycle_anchor": {"type": "now"}})

    assert paused.status == "paused"
    assert paused.status_details is not None
    assert paused.status_details.paused.subscription.type == "pause_requested"
    assert (resumed.status, resumed.billing_cycle_anchor) == ("active", at("2027-03-15T10:00"))
    assert latest_invoice(runner.read(subscription)).amount_paid == 4900
    assert runner.types()[-2:] == [
        "customer.subscription.resumed",
        "customer.subscription.updated",
    ]


def test_the_rest_of_a_period_is_charged_when_the_anchor_stays(runner: ClockRunner) -> None:
    subscription = runner.subscribe(runner.price("Pro", 4900))
    runner.client.v1.subscriptions.pause(subscription.id, NO_CREDIT)
    runner.advance("2027-03-16T10:00")

    resumed = runner.client.v1.subscriptions.resume(
        subscription.id, {"billing_cycle_anchor": {"type": "unchanged"}}
    )

    assert day_of(resumed.items.data[0].current_period_end) == "2027-03-31"
    # 15 of the 31 days from 28 February to 31 March are left.
    assert latest_invoice(runner.read(subscription)).amount_paid == round(4900 * 15 / 31)


def test_a_resumption_waits_for_its_payment_and_is_given_up(runner: ClockRunner) -> None:
    subscription = runner.subscribe(runner.price("Pro", 4900))
    runner.client.v1.subscriptions.pause(subscription.id, NO_CREDIT)
    runner.use_card("pm_card_chargeCustomerFail")
    how: Any = {"payment_behavior": "resume_on_payment_success"}

    waiting = runner.client.v1.subscriptions.resume(subscription.id, how)
    runner.advance("2027-02-01T10:00")

    assert waiting.status == "paused"
    given_up = runner.read(subscription)
    assert (given_up.status, latest_invoice(given_up).status) == ("paused", "void")


def test_unused_time_is_given_back(runner: ClockRunner) -> None:
    subscription = runner.subscribe(runner.price("Pro", 4900))
    runner.advance("2027-02-14T10:00")

    runner.client.v1.subscriptions.pause(subscription.id, {"invoicing_behavior": "invoice"})

    assert runner.client.v1.customers.retrieve(runner.customer_id).balance == -2450


@pytest.mark.parametrize(
    ("behavior", "status"),
    [("keep_as_draft", "draft"), ("void", "void"), ("mark_uncollectible", "uncollectible")],
)
def test_collection_pauses_while_the_subscription_goes_on(
    runner: ClockRunner, behavior: Any, status: str
) -> None:
    subscription = runner.subscribe(runner.price("Pro", 4900))

    runner.client.v1.subscriptions.update(
        subscription.id, {"pause_collection": {"behavior": behavior}}
    )
    runner.advance("2027-02-28T12:00")

    going_on = runner.read(subscription)
    assert (going_on.status, latest_invoice(going_on).status) == ("active", status)
