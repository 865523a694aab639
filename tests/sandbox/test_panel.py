"""The control page: every button does what it says, for the account that is shown."""

import pytest
import stripe

from tests.sandbox.shop import Shop
from tests.sandbox.visitor import Answer, open_page, press
from tests.sandbox_process import SandboxControl


def panel(client: stripe.StripeClient, control: SandboxControl) -> Answer:
    account = client.v1.accounts.retrieve_current().id
    return open_page(f"{control.base_url}/?account={account}")


def sold(shop: Shop) -> stripe.Charge:
    shop.pay(shop.open_package())
    return shop.client.v1.charges.list().data[0]


def test_time_passes(client: stripe.StripeClient, shop: Shop, control: SandboxControl) -> None:
    subscription = shop.subscribe()

    press(panel(client, control), "Advance the time", hours="744")

    renewed = client.v1.subscriptions.retrieve(subscription.id)
    before = subscription.items.data[0].current_period_end
    assert renewed.items.data[0].current_period_start == before


def test_the_next_renewal_fails_when_it_was_ordered(
    client: stripe.StripeClient, shop: Shop, control: SandboxControl
) -> None:
    subscription = shop.subscribe()

    press(panel(client, control), "Fail the next renewal")
    ordered = panel(client, control)
    press(ordered, "Advance the time", hours="744")
    press(panel(client, control), "Advance the time", hours="1")

    assert "next payment: decline" in ordered.text
    assert client.v1.subscriptions.retrieve(subscription.id).status == "past_due"


def test_a_payment_is_refunded_in_parts(
    client: stripe.StripeClient, shop: Shop, control: SandboxControl
) -> None:
    charge = sold(shop)

    press(panel(client, control), "Refund", amount="4.50")
    part = client.v1.charges.retrieve(charge.id)
    second = press(panel(client, control), "Refund")
    assert second.status == 303, second.text
    rest = client.v1.charges.retrieve(charge.id)

    assert (part.amount_refunded, part.refunded) == (450, False)
    assert (rest.amount_refunded, rest.refunded) == (2000, True)


@pytest.mark.parametrize("amount", ["much", "1e99999", "99"])
def test_a_senseless_refund_is_refused(
    amount: str, client: stripe.StripeClient, shop: Shop, control: SandboxControl
) -> None:
    charge = sold(shop)

    answer = press(panel(client, control), "Refund", amount=amount)

    assert answer.status == 400
    assert client.v1.charges.retrieve(charge.id).amount_refunded == 0


@pytest.mark.parametrize(
    ("opened", "button", "status"),
    [
        ("Dispute", "Win the dispute", "won"),
        ("Dispute", "Lose the dispute", "lost"),
        ("Inquire", "Close the inquiry", "warning_closed"),
        ("Inquire", "Make it a dispute", "needs_response"),
    ],
)
def test_a_dispute_is_opened_and_decided(
    opened: str,
    button: str,
    status: str,
    client: stripe.StripeClient,
    shop: Shop,
    control: SandboxControl,
) -> None:
    charge = sold(shop)

    press(panel(client, control), opened)
    press(panel(client, control), button)

    assert [d.status for d in client.v1.disputes.list({"charge": charge.id}).data] == [status]


def test_stripe_answers_500_until_it_is_well(
    client: stripe.StripeClient, control: SandboxControl
) -> None:
    page = panel(client, control)

    press(page, "Apply", health="500")
    for _ in range(2):
        with pytest.raises(stripe.APIError):
            client.v1.customers.list()
    press(page, "Apply", health="well")

    assert client.v1.customers.list().data == []


def test_stripe_is_down(client: stripe.StripeClient, control: SandboxControl) -> None:
    page = panel(client, control)
    press(page, "Apply", health="down")

    with pytest.raises(stripe.APIConnectionError):
        client.v1.customers.list()

    assert 'value="down" selected' in open_page(page.url).html


def test_stripe_is_slow(client: stripe.StripeClient, control: SandboxControl) -> None:
    hasty = stripe.StripeClient(
        control.api_key,
        base_addresses={"api": control.base_url},
        http_client=stripe.RequestsClient(timeout=0.5),
    )
    assert hasty.v1.customers.list().data == []

    press(panel(client, control), "Apply", health="slow")

    with pytest.raises(stripe.APIConnectionError, match="timed out"):
        hasty.v1.customers.list()


@pytest.mark.parametrize("mode", ["late", "shuffle", "duplicate", "drop", "hold"])
def test_the_delivery_of_events_is_chosen(
    mode: str, client: stripe.StripeClient, shop: Shop, control: SandboxControl
) -> None:
    client.v1.webhook_endpoints.create(
        {"url": "http://127.0.0.1:1/webhooks", "enabled_events": ["*"]}
    )

    press(panel(client, control), "Change", mode=mode)
    assert shop.customer.id

    deliveries = control.events(type="customer.created")[0]["deliveries"]
    assert len(deliveries) == (2 if mode == "duplicate" else 1)
    assert {"drop": "dropped", "hold": "held"}.get(mode, "pending") == deliveries[0]["state"]
    assert f'value="{mode}" selected' in panel(client, control).html


def test_the_balance_of_a_customer_is_shown(
    client: stripe.StripeClient, control: SandboxControl
) -> None:
    client.v1.customers.create({"email": "rich@shop.test", "balance": -1250})
    client.v1.customers.create({"email": "poor@shop.test", "balance": 300})

    text = panel(client, control).text

    assert "$12.50 credit" in text
    assert "$3.00 owed" in text
