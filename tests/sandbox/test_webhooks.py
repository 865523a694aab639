"""Deliveries: signed, parallel, retried, held, doubled, dropped, and alive after a restart."""

import socket
from pathlib import Path

import pytest
import stripe

from tests.sandbox.receiver import Receiver
from tests.sandbox.shop import Shop
from tests.sandbox_process import (
    SandboxControl,
    SandboxProcess,
    new_test_key,
    start_sandbox,
)


def test_each_event_arrives_once_and_signed(
    receiver: Receiver, shop: Shop, control: SandboxControl
) -> None:
    shop.subscribe()

    control.wait_until_idle()

    assert sorted(receiver.types) == sorted(shop.types_since(0))


def test_a_refused_delivery_is_sent_again(
    receiver: Receiver, shop: Shop, control: SandboxControl
) -> None:
    receiver.statuses = [500, 302]

    for email in ("a@b.test", "c@d.test"):
        shop.client.v1.customers.create({"email": email})
    control.wait_until_idle()
    deliveries = [each["deliveries"][0] for each in control.events(type="customer.created")]

    assert receiver.types == ["customer.created"] * 4
    assert {(each["state"], each["attempts"]) for each in deliveries} == {("delivered", 2)}
    logs = [[attempt["status"] for attempt in each["log"]] for each in deliveries]
    assert sorted(logs) == [[302, 200], [500, 200]]


def test_held_events_go_when_asked_and_in_the_order_asked(
    receiver: Receiver, shop: Shop, control: SandboxControl
) -> None:
    control.deliver_webhooks("hold")
    shop.subscribe()
    held = control.events(state="held")
    assert receiver.types == []

    for event in reversed(held):
        control.deliver(event["id"])
        control.wait_until_idle()

    assert receiver.types == [event["type"] for event in reversed(held)]
    control.deliver_webhooks("normal")
    control.wait_until_idle()
    assert len(receiver.types) == len(held)


def test_leaving_hold_sends_what_was_held(
    receiver: Receiver, shop: Shop, control: SandboxControl
) -> None:
    control.deliver_webhooks("hold")
    assert shop.customer.id

    control.deliver_webhooks("normal")
    control.wait_until_idle()

    assert receiver.types == ["customer.created"]


@pytest.mark.parametrize("mode", ["duplicate", "drop", "shuffle"])
def test_a_mode_changes_how_often_an_event_comes(
    mode: str, receiver: Receiver, shop: Shop, control: SandboxControl
) -> None:
    times = {"duplicate": 2, "drop": 0, "shuffle": 1}[mode]
    control.deliver_webhooks(mode)

    assert shop.customer.id
    control.wait_until_idle()

    assert receiver.types == ["customer.created"] * times


def test_dropped_events_are_found_as_undelivered(
    receiver: Receiver, shop: Shop, control: SandboxControl, client: stripe.StripeClient
) -> None:
    assert shop.customer.id
    control.wait_until_idle()
    control.deliver_webhooks("drop")
    assert shop.package.id

    missed = client.v1.events.list({"delivery_success": False})
    taken = client.v1.events.list({"delivery_success": True})

    assert [event.type for event in missed.data] == ["price.created", "product.created"]
    assert [event.type for event in taken.data] == ["customer.created"]
    assert receiver.types == ["customer.created"]


def test_an_event_can_be_sent_again(
    receiver: Receiver, shop: Shop, control: SandboxControl
) -> None:
    assert shop.customer.id
    control.wait_until_idle()

    control.deliver(control.events()[0]["id"], times=2)
    control.wait_until_idle()

    assert receiver.types == ["customer.created"] * 3


def test_a_purchase_may_keep_its_webhooks_back(
    receiver: Receiver, shop: Shop, control: SandboxControl
) -> None:
    session = shop.open_package()
    control.wait_until_idle()
    before = len(receiver.events)

    shop.pay(session, webhooks="never")
    control.wait_until_idle()

    assert len(receiver.events) == before


def test_an_endpoint_that_talks_nonsense_is_a_failure(
    shop: Shop, client: stripe.StripeClient, control: SandboxControl
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        client.v1.webhook_endpoints.create({"url": url, "enabled_events": ["*"]})

        assert shop.customer.id
        connection, _ = listener.accept()
        connection.recv(1024)
        connection.sendall(b"HELLO?\r\n\r\n")
        connection.close()
        connection, _ = listener.accept()
        connection.close()

    delivery = control.events()[0]["deliveries"][0]
    assert delivery["state"] == "pending"
    assert "HELLO?" in delivery["log"][0]["error"]


def test_an_endpoint_gets_what_it_asked_for(
    shop: Shop, client: stripe.StripeClient, control: SandboxControl
) -> None:
    with Receiver() as picky:
        endpoint = client.v1.webhook_endpoints.create(
            {"url": picky.url, "enabled_events": ["invoice.paid"]}
        )
        picky.secret = endpoint.secret

        shop.subscribe()
        control.wait_until_idle()

        assert picky.types == ["invoice.paid"]
        client.v1.webhook_endpoints.update(endpoint.id, {"disabled": True})
        shop.subscribe()
        control.wait_until_idle()
        assert picky.types == ["invoice.paid"]


def test_the_secret_is_shown_once(client: stripe.StripeClient) -> None:
    endpoint = client.v1.webhook_endpoints.create(
        {"url": "http://127.0.0.1:1/", "enabled_events": ["*"]}
    )

    again = client.v1.webhook_endpoints.retrieve(endpoint.id)

    assert endpoint.secret is not None
    assert endpoint.secret.startswith("whsec_")
    assert "secret" not in again
    assert client.v1.webhook_endpoints.delete(endpoint.id).deleted is True


def test_events_are_listed_by_type_and_group(client: stripe.StripeClient, shop: Shop) -> None:
    shop.subscribe()

    group = client.v1.events.list({"type": "invoice.*"})
    both = client.v1.events.list({"types": ["price.created", "charge.succeeded"]})

    assert len(group.data) == 4
    assert [event.type for event in both.data] == ["charge.succeeded", "price.created"]


def test_a_reset_account_sends_nothing_more(
    receiver: Receiver, shop: Shop, control: SandboxControl, client: stripe.StripeClient
) -> None:
    control.deliver_webhooks("hold")
    assert shop.customer.id

    control.reset()
    control.deliver_webhooks("normal")
    control.wait_until_idle()

    assert (receiver.types, client.v1.events.list().data) == ([], [])


@pytest.fixture
def restartable(tmp_path: Path) -> SandboxProcess:
    return start_sandbox(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("is_killed", [False, True])
def test_undelivered_events_survive_a_restart(is_killed: bool, restartable: SandboxProcess) -> None:
    with Receiver() as receiver:
        control = SandboxControl(restartable.base_url, new_test_key())
        http = stripe.RequestsClient(timeout=30)
        client = stripe.StripeClient(
            control.api_key, base_addresses={"api": control.base_url}, http_client=http
        )
        endpoint = client.v1.webhook_endpoints.create(
            {"url": receiver.url, "enabled_events": ["*"]}
        )
        receiver.secret = endpoint.secret
        receiver.statuses = [503]
        customer = client.v1.customers.create({"email": "a@b.test"})
        http.close()  # type: ignore[no-untyped-call]

        end = restartable.kill if is_killed else restartable.stop
        end()
        restartable.start()
        control.wait_until_idle()
        found = client.v1.customers.retrieve(customer.id)
        restartable.stop()
        http.close()  # type: ignore[no-untyped-call]

    assert found.email == "a@b.test"
    assert set(receiver.types) == {"customer.created"}
    assert len(receiver.types) >= 1


def test_an_endpoint_gets_events_in_its_own_version(
    receiver: Receiver, client: stripe.StripeClient, control: SandboxControl
) -> None:
    with Receiver() as old:
        endpoint = client.v1.webhook_endpoints.create(
            {
                "url": old.url,
                "enabled_events": ["customer.created"],
                "api_version": "2025-09-30.clover",
            }
        )
        old.secret = endpoint.secret
        client.v1.customers.create({"email": "a@b.test"})
        control.wait_until_idle()

    versions = [found.events[0].api_version for found in (old, receiver)]
    assert versions == ["2025-09-30.clover", "2026-10-28.endive"]
    assert endpoint.api_version == "2025-09-30.clover"
    assert client.v1.events.list().data[0].api_version == "2026-10-28.endive"


def test_events_are_listed_by_all_filters_at_once(client: stripe.StripeClient) -> None:
    first = client.v1.customers.create({"email": "a@b.test"})
    client.v1.customers.update(first.id, {"name": "Ada"})
    client.v1.customers.delete(first.id)
    newest = client.v1.events.list({"limit": 1}).data[0]

    found = client.v1.events.list(
        {
            "types": ["customer.created", "customer.updated"],
            "created": {"gte": newest.created - 60, "lte": newest.created},
            "delivery_success": True,
            "limit": 1,
        }
    )
    older = client.v1.events.list(
        {"type": "customer.*", "starting_after": found.data[0].id, "limit": 5}
    )

    assert ([event.type for event in found.data], found.has_more) == (["customer.updated"], True)
    assert [event.type for event in older.data] == ["customer.created"]
    assert client.v1.events.list({"created": {"gt": newest.created + 60}}).data == []
