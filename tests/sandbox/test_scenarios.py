"""What Stripe's test clocks show, shown by the sandbox to the same official client."""

from typing import Any

import pytest
import stripe

from tests.sandbox.clock_runner import ClockRunner, at, day_of, latest_invoice

RENEWED = [
    "customer.subscription.updated",
    "invoice.created",
    "invoice.finalized",
    "payment_intent.created",
    "charge.succeeded",
    "payment_intent.succeeded",
    "invoice.paid",
    "invoice.payment_succeeded",
    "invoice_payment.paid",
]


@pytest.fixture
def runner(client: stripe.StripeClient) -> ClockRunner:
    return ClockRunner(client, "2027-01-31T10:00")


def period_end(subscription: stripe.Subscription) -> str:
    return day_of(subscription.items.data[0].current_period_end)


def test_a_subscription_is_paid_at_once_and_renewed_each_month(runner: ClockRunner) -> None:
    subscription = runner.subscribe(runner.price("Pro", 4900))
    assert (subscription.status, period_end(subscription)) == ("active", "2027-02-28")
    assert subscription.start_date == at("2027-01-31T10:00")

    before = len(runner.types())
    runner.advance("2027-02-28T10:30")
    draft = latest_invoice(runner.read(subscription))
    runner.advance("2027-02-28T11:30")
    renewed = runner.read(subscription)

    assert (draft.status, draft.billing_reason) == ("draft", "subscription_cycle")
    assert draft.automatically_finalizes_at == at("2027-02-28T11:00")
    assert (renewed.status, period_end(renewed)) == ("active", "2027-03-31")
    paid = latest_invoice(renewed)
    assert (paid.id, paid.status, paid.amount_paid) == (draft.id, "paid", 4900)
    assert paid.status_transitions.paid_at == at("2027-02-28T11:00")
    happened = [kind for kind in runner.types()[before:] if not kind.startswith("test_helpers")]
    assert happened == ["invoice.upcoming", *RENEWED]


def test_a_failed_renewal_is_tried_again_until_it_is_canceled(runner: ClockRunner) -> None:
    subscription = runner.subscribe(runner.price("Pro", 4900))
    runner.use_card("pm_card_chargeCustomerFail")

    runner.advance("2027-02-28T12:00")
    failed = runner.read(subscription)
    attempts = []
    for day in ("2027-02-28", "2027-03-03", "2027-03-08", "2027-03-15"):
        if day != "2027-02-28":
            runner.advance(f"{day}T12:00")
        invoice = latest_invoice(runner.read(subscription))
        due = invoice.next_payment_attempt
        attempts.append((invoice.attempt_count, due and day_of(due)))
    ended = runner.read(subscription)

    assert failed.status == "past_due"
    assert attempts == [(1, "2027-03-03"), (2, "2027-03-08"), (3, "2027-03-15"), (4, None)]
    assert ended.status == "canceled"
    assert ended.cancellation_details is not None
    assert ended.cancellation_details.reason == "payment_failed"
    assert day_of(ended.ended_at or 0) == "2027-03-15"
    assert latest_invoice(ended).status == "open"
    assert runner.types().count("invoice.payment_failed") == 4
    assert runner.types()[-2:] == [
        "customer.subscription.deleted",
        "test_helpers.test_clock.ready",
    ]


def test_another_card_brings_a_past_due_subscription_back(runner: ClockRunner) -> None:
    subscription = runner.subscribe(runner.price("Pro", 4900))
    runner.use_card("pm_card_chargeCustomerFail")
    runner.advance("2027-02-28T12:00")
    runner.use_card("pm_card_visa")

    paid = runner.client.v1.invoices.pay(latest_invoice(runner.read(subscription)).id)

    assert (paid.status, paid.attempt_count) == ("paid", 2)
    assert runner.read(subscription).status == "active"
    runner.advance("2027-03-31T12:00")
    assert latest_invoice(runner.read(subscription)).status == "paid"


def test_an_upgrade_in_the_middle_is_charged_to_the_second(runner: ClockRunner) -> None:
    subscription = runner.subscribe(runner.price("Pro", 4900))
    runner.advance("2027-02-14T10:00")

    changed = runner.client.v1.subscriptions.update(
        subscription.id,
        {
            "items": [{"id": subscription.items.data[0].id, "price": runner.price("Team", 9900)}],
            "proration_behavior": "always_invoice",
            "payment_behavior": "pending_if_incomplete",
            "expand": ["latest_invoice"],
        },
    )

    invoice = latest_invoice(changed)
    assert [line.amount for line in invoice.lines.data] == [-2450, 4950]
    assert [day_of(line.period.end) for line in invoice.lines.data] == ["2027-02-28"] * 2
    assert (invoice.amount_paid, invoice.created) == (2500, at("2027-02-14T10:00"))
    runner.advance("2027-02-28T12:00")
    assert latest_invoice(runner.read(subscription)).amount_paid == 9900


def test_a_downgrade_at_once_pays_a_part_of_the_next_invoice(runner: ClockRunner) -> None:
    team, pro = runner.price("Team", 9900), runner.price("Pro", 4900)
    subscription = runner.subscribe(team)
    runner.advance("2027-02-14T10:00")

    runner.client.v1.subscriptions.update(
        subscription.id,
        {
            "items": [{"id": subscription.items.data[0].id, "price": pro}],
            "proration_behavior": "always_invoice",
        },
    )
    runner.advance("2027-02-28T12:00")

    renewal = latest_invoice(runner.read(subscription))
    assert (renewal.total, renewal.starting_balance, renewal.amount_paid) == (4900, -2500, 2400)
    assert renewal.ending_balance == 0
    moves = runner.client.v1.customers.balance_transactions.list(runner.customer_id).data
    assert [move.amount for move in moves] == [2500, -2500]


def test_a_downgrade_by_schedule_happens_with_the_renewal(runner: ClockRunner) -> None:
    team, pro = runner.price("Team", 9900), runner.price("Pro", 4900)
    subscription = runner.subscribe(team)
    schedules = runner.client.v1.subscription_schedules
    schedule = schedules.create({"from_subscription": subscription.id})
    current = schedule.phases[0]
    schedules.update(
        schedule.id,
        {
            "end_behavior": "release",
            "phases": [
                {
                    "items": [{"price": team, "quantity": 1}],
                    "start_date": current.start_date,
                    "end_date": current.end_date,
                },
                {
                    "items": [{"price": pro, "quantity": 1}],
                    "duration": {"interval": "month", "interval_count": 1},
                    "proration_behavior": "none",
                },
            ],
        },
    )
    assert runner.read(subscription).items.data[0].price.id == team

    before = len(runner.types())
    runner.advance("2027-02-28T12:00")

    lower = runner.read(subscription)
    assert (lower.items.data[0].price.id, latest_invoice(lower).amount_paid) == (pro, 4900)
    happened = [kind for kind in runner.types()[before:] if not kind.startswith("test_helpers")]
    assert happened[1:4] == [
        "customer.subscription.updated",
        "subscription_schedule.updated",
        "invoice.created",
    ]
    runner.advance("2027-03-31T12:00")
    assert schedules.retrieve(schedule.id).status == "released"
    assert runner.read(subscription).schedule is None
    assert latest_invoice(runner.read(subscription)).amount_paid == 4900


def test_a_subscription_ends_with_its_period(runner: ClockRunner) -> None:
    subscription = runner.subscribe(runner.price("Pro", 4900))

    runner.client.v1.subscriptions.update(subscription.id, {"cancel_at_period_end": True})
    runner.advance("2027-02-28T09:00")
    assert runner.read(subscription).status == "active"
    runner.advance("2027-02-28T12:00")

    ended = runner.read(subscription)
    assert (ended.status, ended.ended_at) == ("canceled", at("2027-02-28T10:00"))
    assert len(runner.invoices(subscription)) == 1
    assert "invoice.upcoming" not in runner.types()


def test_a_first_payment_that_the_bank_never_confirms_expires(client: stripe.StripeClient) -> None:
    runner = ClockRunner(client, "2027-01-31T10:00", card="pm_card_threeDSecure2Required")

    subscription = runner.subscribe(
        runner.price("Pro", 4900), expand=["latest_invoice.confirmation_secret"]
    )
    invoice = latest_invoice(subscription)
    assert (subscription.status, invoice.status) == ("incomplete", "open")
    assert invoice.confirmation_secret is not None
    runner.advance("2027-02-01T08:00")
    assert runner.read(subscription).status == "incomplete"
    runner.advance("2027-02-01T10:00")

    expired = runner.read(subscription)
    assert (expired.status, latest_invoice(expired).status) == ("incomplete_expired", "void")
    assert "invoice.payment_action_required" in runner.types()


def test_a_renewal_that_the_bank_never_confirms_is_canceled(client: stripe.StripeClient) -> None:
    runner = ClockRunner(client, "2027-01-31T10:00")
    subscription = runner.subscribe(runner.price("Pro", 4900))
    runner.use_card("pm_card_threeDSecure2Required")

    runner.advance("2027-02-28T12:00")
    waiting = runner.read(subscription)
    for moment in ("2027-03-14T12:00", "2027-03-16T12:00"):
        runner.advance(moment)

    assert (waiting.status, latest_invoice(waiting).attempt_count) == ("past_due", 1)
    assert runner.read(subscription).status == "canceled"
    assert runner.types().count("invoice.payment_action_required") == 4


def test_a_trial_is_announced_and_then_paid(runner: ClockRunner) -> None:
    subscription = runner.subscribe(runner.price("Pro", 4900), trial_period_days=14)
    assert (subscription.status, period_end(subscription)) == ("trialing", "2027-02-14")
    assert runner.invoices(subscription)[0].total == 0

    runner.advance("2027-02-11T11:00")
    assert runner.types().count("customer.subscription.trial_will_end") == 1
    runner.advance("2027-02-14T12:00")

    converted = runner.read(subscription)
    assert (converted.status, period_end(converted)) == ("active", "2027-03-14")
    assert latest_invoice(converted).amount_paid == 4900


def test_a_first_payment_by_another_card_makes_it_the_subscriptions(
    client: stripe.StripeClient,
) -> None:
    runner = ClockRunner(client, "2027-01-31T10:00", card="")
    subscription = runner.subscribe(
        runner.price("Pro", 4900),
        payment_behavior="default_incomplete",
        payment_settings={"save_default_payment_method": "on_subscription"},
        billing_mode={"type": "flexible"},
        expand=["latest_invoice.payments"],
    )
    payments = latest_invoice(subscription).payments
    assert payments is not None
    intent_id = str(payments.data[0].payment.payment_intent)
    client.v1.payment_intents.confirm(intent_id, {"payment_method": "pm_card_visa"})

    paid = runner.read(subscription)
    assert (paid.status, paid.default_payment_method is None) == ("active", False)
    runner.advance("2027-02-28T12:00")
    assert latest_invoice(runner.read(subscription)).status == "paid"


@pytest.mark.parametrize(
    "way",
    [
        {"billing_mode": {"type": "classic"}},
        {"collection_method": "send_invoice", "days_until_due": 7},
        {"payment_settings": {"payment_method_types": ["sepa_debit"]}},
    ],
)
def test_other_ways_to_be_billed_are_refused(runner: ClockRunner, way: dict[str, Any]) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="does not serve"):
        runner.subscribe(runner.price("Pro", 4900), **way)


@pytest.mark.parametrize(("behavior", "status"), [("cancel", "canceled"), ("pause", "paused")])
def test_a_trial_without_a_card_ends_as_was_asked(
    client: stripe.StripeClient, behavior: str, status: str
) -> None:
    runner = ClockRunner(client, "2027-01-31T10:00", card="")
    subscription = runner.subscribe(
        runner.price("Pro", 4900),
        trial_period_days=7,
        trial_settings={"end_behavior": {"missing_payment_method": behavior}},
    )

    runner.advance("2027-02-07T12:00")

    assert runner.read(subscription).status == status
    assert len(runner.invoices(subscription)) == 1


def test_an_update_that_is_never_paid_expires(runner: ClockRunner) -> None:
    subscription = runner.subscribe(runner.price("Pro", 4900))
    runner.use_card("pm_card_chargeCustomerFail")
    runner.advance("2027-02-10T10:00")

    waiting = runner.client.v1.subscriptions.update(
        subscription.id,
        {
            "items": [{"id": subscription.items.data[0].id, "price": runner.price("Team", 9900)}],
            "proration_behavior": "always_invoice",
            "payment_behavior": "pending_if_incomplete",
        },
    )
    assert waiting.pending_update is not None
    assert waiting.pending_update.expires_at == at("2027-02-11T09:00")
    runner.advance("2027-02-11T10:00")

    same = runner.read(subscription)
    assert (same.status, same.pending_update) == ("active", None)
    assert same.items.data[0].price.unit_amount == 4900
    assert latest_invoice(same).status == "void"
    assert runner.types()[-2] == "customer.subscription.pending_update_expired"
