"""Changing what a subscription costs: previewed, charged, given back, waiting for the money."""

import pytest
import stripe

from tests.sandbox.shop import Shop

HOUR_SECONDS = 3600


@pytest.fixture
def team(client: stripe.StripeClient, shop: Shop) -> stripe.Price:
    """A dearer plan than the shop's own, of 49.00."""
    return _price(client, "Team", 9900, "month")


def _price(client: stripe.StripeClient, name: str, amount: int, interval: str) -> stripe.Price:
    params: stripe.params.PriceCreateParams = {
        "currency": "usd",
        "unit_amount": amount,
        "recurring": {"interval": interval},
        "product_data": {"name": name},
    }
    return client.v1.prices.create(params)


def _upgrade(
    subscription: stripe.Subscription, price: stripe.Price, at: int
) -> stripe.params.SubscriptionUpdateParams:
    return {
        "items": [{"id": subscription.items.data[0].id, "price": price.id}],
        "proration_behavior": "always_invoice",
        "proration_date": at,
        "payment_behavior": "pending_if_incomplete",
    }


def _preview(
    client: stripe.StripeClient, subscription: stripe.Subscription, price: stripe.Price, at: int
) -> stripe.Invoice:
    return client.v1.invoices.create_preview(
        {
            "customer": str(subscription.customer),
            "subscription": subscription.id,
            "subscription_details": {
                "items": [{"id": subscription.items.data[0].id, "price": price.id}],
                "proration_behavior": "always_invoice",
                "proration_date": at,
            },
        }
    )


def _half(subscription: stripe.Subscription) -> int:
    item = subscription.items.data[0]
    return (item.current_period_start + item.current_period_end) // 2


def test_an_upgrade_costs_what_its_preview_said(
    client: stripe.StripeClient, shop: Shop, team: stripe.Price
) -> None:
    subscription = shop.subscribe()
    at = _half(subscription)

    preview = _preview(client, subscription, team, at)
    before = len(shop.types_since(0))
    changed = client.v1.subscriptions.update(subscription.id, _upgrade(subscription, team, at))
    invoice = client.v1.invoices.retrieve(str(changed.latest_invoice))

    assert [line.amount for line in preview.lines.data] == [-2450, 4950]
    assert (preview.amount_due, invoice.amount_due, invoice.status) == (2500, 2500, "paid")
    assert invoice.billing_reason == "subscription_update"
    parent = invoice.lines.data[0].parent
    assert parent is not None
    assert parent.subscription_item_details is not None
    assert parent.subscription_item_details.proration
    assert changed.items.data[0].price.id == team.id
    assert changed.items.data[0].id == subscription.items.data[0].id
    assert shop.types_since(before) == [
        "invoice.created",
        "invoice.finalized",
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "invoice.paid",
        "invoice.payment_succeeded",
        "invoice_payment.paid",
        "customer.subscription.updated",
    ]


def test_an_upgrade_that_is_not_paid_waits_for_its_payment(
    client: stripe.StripeClient, shop: Shop, team: stripe.Price
) -> None:
    session = shop.open_subscription()
    shop.control.complete_checkout(session.id, card="0341")
    subscription = client.v1.subscriptions.list().data[0]
    before = len(shop.types_since(0))

    waiting = client.v1.subscriptions.update(
        subscription.id, _upgrade(subscription, team, _half(subscription))
    )

    assert waiting.items.data[0].price.id == shop.plan.id
    assert (waiting.status, waiting.pending_update is None) == ("active", False)
    assert shop.types_since(before)[-3:] == [
        "payment_intent.payment_failed",
        "invoice.payment_failed",
        "customer.subscription.updated",
    ]
    with pytest.raises(stripe.CardError) as refusal:
        client.v1.invoices.pay(str(waiting.latest_invoice))
    assert refusal.value.code == "card_declined"

    method = client.v1.payment_methods.attach("pm_card_visa", {"customer": shop.customer.id})
    client.v1.invoices.pay(str(waiting.latest_invoice), {"payment_method": method.id})

    changed = client.v1.subscriptions.retrieve(subscription.id)
    assert (changed.items.data[0].price.id, changed.pending_update) == (team.id, None)
    assert shop.types_since(before)[-1] == "customer.subscription.pending_update_applied"


def test_a_refused_upgrade_leaves_no_trace(
    client: stripe.StripeClient, shop: Shop, team: stripe.Price
) -> None:
    session = shop.open_subscription()
    shop.control.complete_checkout(session.id, card="0341")
    subscription = client.v1.subscriptions.list().data[0]
    before = len(shop.types_since(0))

    with pytest.raises(stripe.CardError):
        client.v1.subscriptions.update(
            subscription.id,
            _upgrade(subscription, team, _half(subscription))
            | {"payment_behavior": "error_if_incomplete"},
        )

    assert shop.types_since(before) == []
    assert client.v1.subscriptions.retrieve(subscription.id) == subscription


def test_a_downgrade_at_once_leaves_credit(
    client: stripe.StripeClient, shop: Shop, team: stripe.Price
) -> None:
    subscription = shop.subscribe(line_items=[{"price": team.id, "quantity": 1}])

    client.v1.subscriptions.update(
        subscription.id, _upgrade(subscription, shop.plan, _half(subscription))
    )

    customer = client.v1.customers.retrieve(shop.customer.id)
    moves = client.v1.customers.balance_transactions.list(shop.customer.id)
    assert customer.balance == -2500
    assert [(move.amount, move.ending_balance) for move in moves.data] == [(-2500, -2500)]
    upcoming = client.v1.invoices.create_preview({"subscription": subscription.id})
    assert (upcoming.total, upcoming.starting_balance, upcoming.amount_due) == (4900, -2500, 2400)


def test_prorations_wait_for_the_next_invoice_or_are_not_made(
    client: stripe.StripeClient, shop: Shop, team: stripe.Price
) -> None:
    subscription = shop.subscribe()
    change = _upgrade(subscription, team, _half(subscription))
    change["payment_behavior"] = "allow_incomplete"

    client.v1.subscriptions.update(
        subscription.id, change | {"proration_behavior": "create_prorations"}
    )
    with_prorations = client.v1.invoices.create_preview({"subscription": subscription.id})

    assert [line.amount for line in with_prorations.lines.data] == [-2450, 4950, 9900]
    plain = client.v1.invoices.create_preview(
        {"subscription": subscription.id, "preview_mode": "recurring"}
    )
    assert plain.lines.data[-1].amount == 9900


def test_another_interval_begins_a_new_period(client: stripe.StripeClient, shop: Shop) -> None:
    yearly = _price(client, "Pro", 49000, "year")
    subscription = shop.subscribe()
    at = subscription.items.data[0].current_period_start

    changed = client.v1.subscriptions.update(
        subscription.id,
        {
            "items": [{"id": subscription.items.data[0].id, "price": yearly.id}],
            "proration_date": at,
        },
    )

    invoice = client.v1.invoices.retrieve(str(changed.latest_invoice))
    assert [line.amount for line in invoice.lines.data] == [-4900, 49000]
    length = changed.items.data[0].current_period_end - changed.items.data[0].current_period_start
    assert length in (365 * 24 * HOUR_SECONDS, 366 * 24 * HOUR_SECONDS)
    assert changed.billing_cycle_anchor >= subscription.billing_cycle_anchor


def test_a_downgrade_waits_in_a_schedule_and_can_be_forgotten(
    client: stripe.StripeClient, shop: Shop, team: stripe.Price
) -> None:
    subscription = shop.subscribe(line_items=[{"price": team.id, "quantity": 1}])
    before = len(shop.types_since(0))

    schedule = client.v1.subscription_schedules.create({"from_subscription": subscription.id})
    current = schedule.phases[0]
    updated = client.v1.subscription_schedules.update(
        schedule.id,
        {
            "end_behavior": "release",
            "phases": [
                {
                    "items": [{"price": team.id, "quantity": 1}],
                    "start_date": current.start_date,
                    "end_date": current.end_date,
                },
                {
                    "items": [{"price": shop.plan.id, "quantity": 1}],
                    "duration": {"interval": "month", "interval_count": 1},
                    "proration_behavior": "none",
                },
            ],
        },
    )

    upcoming = client.v1.invoices.create_preview({"subscription": subscription.id})
    assert [line.amount for line in upcoming.lines.data] == [4900]
    assert updated.phases[1].start_date == current.end_date
    assert client.v1.subscriptions.retrieve(subscription.id).schedule == schedule.id
    with pytest.raises(stripe.InvalidRequestError, match="managed by the subscription schedule"):
        client.v1.subscriptions.update(subscription.id, {"cancel_at_period_end": True})

    released = client.v1.subscription_schedules.release(schedule.id)

    assert (released.status, released.released_subscription) == ("released", subscription.id)
    assert client.v1.subscriptions.retrieve(subscription.id).schedule is None
    assert shop.types_since(before) == [
        "subscription_schedule.created",
        "customer.subscription.updated",
        "subscription_schedule.updated",
        "subscription_schedule.released",
        "customer.subscription.updated",
    ]


def test_a_proration_date_outside_of_the_period_is_refused(
    client: stripe.StripeClient, shop: Shop, team: stripe.Price
) -> None:
    subscription = shop.subscribe()

    with pytest.raises(stripe.InvalidRequestError) as refusal:
        _preview(client, subscription, team, subscription.start_date - HOUR_SECONDS)

    assert refusal.value.param == "proration_date"


def test_an_open_invoice_is_voided_or_written_off(
    client: stripe.StripeClient, shop: Shop, team: stripe.Price
) -> None:
    session = shop.open_subscription()
    shop.control.complete_checkout(session.id, card="0341")
    subscription = client.v1.subscriptions.list().data[0]
    change = _upgrade(subscription, team, _half(subscription))
    first = client.v1.subscriptions.update(
        subscription.id, change | {"payment_behavior": "allow_incomplete"}
    )
    assert first.status == "past_due"

    lost = client.v1.invoices.mark_uncollectible(str(first.latest_invoice))
    void = client.v1.invoices.void_invoice(lost.id)

    assert (lost.status, void.status) == ("uncollectible", "void")
    assert client.v1.subscriptions.retrieve(subscription.id).status == "active"
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.invoices.pay(void.id)


def test_an_upgrade_gives_back_what_was_paid_not_more(
    client: stripe.StripeClient, shop: Shop, team: stripe.Price
) -> None:
    coupon = client.v1.coupons.create({"percent_off": 50, "duration": "once"})
    subscription = shop.subscribe(discounts=[{"coupon": coupon.id}])

    preview = _preview(client, subscription, team, _half(subscription))

    # 24.50 was paid for the month, so half of that comes back; the coupon is used up.
    assert [line.amount for line in preview.lines.data] == [-1225, 4950]
    credit = preview.lines.data[0].parent
    assert credit is not None
    assert credit.subscription_item_details is not None
    details = credit.subscription_item_details.proration_details
    assert details is not None
    assert details.credited_items is not None
    assert details.credited_items.invoice == subscription.latest_invoice


def test_a_lasting_discount_counts_for_the_rest_of_the_period_too(
    client: stripe.StripeClient, shop: Shop, team: stripe.Price
) -> None:
    coupon = client.v1.coupons.create({"percent_off": 50, "duration": "forever"})
    subscription = shop.subscribe(discounts=[{"coupon": coupon.id}])

    preview = _preview(client, subscription, team, _half(subscription))

    assert [line.amount for line in preview.lines.data] == [-1225, 2475]
