"""Test clocks themselves: their limits, their customers, their end; and the account's own time."""

import time

import pytest
import stripe

from tests.sandbox.clock_runner import DAY_SECONDS, HOUR_SECONDS, ClockRunner, at
from tests.sandbox.shop import Shop
from tests.sandbox_process import SandboxControl


def test_a_clock_advances_at_most_two_intervals(client: stripe.StripeClient) -> None:
    runner = ClockRunner(client, "2027-01-31T10:00")
    runner.subscribe(runner.price("Pro", 4900))
    clocks = client.v1.test_helpers.test_clocks

    for moment in ("2027-03-31T10:01", "2027-01-31T10:00"):
        with pytest.raises(stripe.InvalidRequestError) as refusal:
            clocks.advance(runner.clock.id, {"frozen_time": at(moment)})
        assert refusal.value.param == "frozen_time"
    runner.advance("2027-03-31T10:00")

    assert clocks.retrieve(runner.clock.id).frozen_time == at("2027-03-31T10:00")


def test_nothing_is_changed_while_a_clock_advances(client: stripe.StripeClient) -> None:
    runner = ClockRunner(client, "2027-01-31T10:00")
    daily = runner.subscribe(runner.price("Day", 100, "day"))
    clocks = client.v1.test_helpers.test_clocks

    advancing = clocks.advance(runner.clock.id, {"frozen_time": at("2027-02-02T10:00")})

    assert advancing.status == "advancing"
    refusals = []
    while clocks.retrieve(runner.clock.id).status == "advancing":
        try:
            client.v1.subscriptions.update(daily.id, {"metadata": {"a": "b"}})
        except stripe.RateLimitError as refusal:
            refusals.append(refusal.user_message)
    assert all("Test clock advancement underway" in str(message) for message in refusals)


def test_a_clock_has_three_customers_and_takes_them_with_it(client: stripe.StripeClient) -> None:
    runner = ClockRunner(client, "2027-01-31T10:00")
    subscription = runner.subscribe(runner.price("Pro", 4900))
    for _ in range(2):
        client.v1.customers.create({"test_clock": runner.clock.id})

    with pytest.raises(stripe.InvalidRequestError):
        client.v1.customers.create({"test_clock": runner.clock.id})
    assert client.v1.customers.list().data == []
    assert len(client.v1.customers.list({"test_clock": runner.clock.id}).data) == 3

    client.v1.test_helpers.test_clocks.delete(runner.clock.id)

    assert getattr(client.v1.customers.retrieve(runner.customer_id), "deleted", False)
    assert client.v1.subscriptions.retrieve(subscription.id).status == "canceled"
    assert client.v1.test_helpers.test_clocks.list().data == []


def test_events_happen_in_real_time(client: stripe.StripeClient) -> None:
    runner = ClockRunner(client, "2027-01-31T10:00")
    runner.subscribe(runner.price("Pro", 4900))
    runner.advance("2027-02-28T12:00")

    moments = [event.created for event in client.v1.events.list({"limit": 100}).data]

    assert all(abs(moment - time.time()) < DAY_SECONDS for moment in moments)


def test_the_time_of_a_whole_account_is_moved(
    client: stripe.StripeClient, shop: Shop, control: SandboxControl
) -> None:
    subscription = shop.subscribe()

    control.advance(seconds=32 * DAY_SECONDS)

    renewed = client.v1.subscriptions.retrieve(subscription.id, {"expand": ["latest_invoice"]})
    before = subscription.items.data[0].current_period_end
    assert renewed.items.data[0].current_period_start == before
    assert isinstance(renewed.latest_invoice, stripe.Invoice)
    assert (renewed.latest_invoice.status, renewed.latest_invoice.amount_paid) == ("paid", 4900)
    assert renewed.latest_invoice.created == before


def test_the_next_payment_fails_when_it_is_ordered_to(
    client: stripe.StripeClient, shop: Shop, control: SandboxControl
) -> None:
    subscription = shop.subscribe()
    control.set_billing(retry_days=[1], after_retries="unpaid")

    control.fail_payments(subscription.id, "decline", times=2)
    control.advance(to=subscription.items.data[0].current_period_end + 2 * HOUR_SECONDS)
    assert client.v1.subscriptions.retrieve(subscription.id).status == "past_due"
    control.advance(seconds=DAY_SECONDS)

    unpaid = client.v1.subscriptions.retrieve(subscription.id)
    assert unpaid.status == "unpaid"
    client.v1.invoices.pay(str(unpaid.latest_invoice))
    assert client.v1.subscriptions.retrieve(subscription.id).status == "active"


def test_an_account_without_customers_may_begin_in_the_past(
    shop: Shop, control: SandboxControl
) -> None:
    began = int(time.time()) - 40 * DAY_SECONDS
    control.begin(at=began)
    shop.subscribe()

    control.advance(to=began + 35 * DAY_SECONDS)

    renewal, first = [each.created - began for each in shop.client.v1.invoices.list().data]
    assert (first // DAY_SECONDS, 28 <= renewal // DAY_SECONDS <= 31) == (0, True)
    told = [event.created - began for event in shop.client.v1.events.list().data]
    assert max(told) <= renewal + 2 * HOUR_SECONDS
    with pytest.raises(RuntimeError, match="customers already"):
        control.begin(at=began)
