"""Customers, products, prices and lists."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import stripe

from tests.sandbox.shop import Shop


def test_metadata_is_merged_and_unset_by_empty(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create({"metadata": {"a": "1", "b": "2"}})

    updated = client.v1.customers.update(customer.id, {"metadata": {"b": "", "c": "3"}})

    assert updated.metadata is not None
    assert updated.metadata.to_dict() == {"a": "1", "c": "3"}


def test_an_update_tells_what_was_before(client: stripe.StripeClient, shop: Shop) -> None:
    client.v1.customers.update(shop.customer.id, {"name": "Mara L.", "metadata": {"vip": "yes"}})

    event = shop.control.events(type="customer.updated")[0]

    previous = event["data"]["previous_attributes"]
    assert previous == {"name": "Mara Lind", "metadata": {"vip": None}}


def test_an_update_that_changes_nothing_is_no_event(
    client: stripe.StripeClient, shop: Shop
) -> None:
    client.v1.customers.update(shop.customer.id, {"name": "Mara Lind"})

    assert shop.control.events(type="customer.updated") == []


def test_a_deleted_customer_is_a_stub(client: stripe.StripeClient, shop: Shop) -> None:
    subscription = shop.subscribe()
    waiting = shop.open_package()
    client.v1.customers.delete(shop.customer.id)

    assert client.v1.customers.retrieve(shop.customer.id).deleted is True
    assert client.v1.customers.list().data == []
    assert client.v1.subscriptions.retrieve(subscription.id).status == "canceled"
    with pytest.raises(stripe.InvalidRequestError, match="No such customer"):
        client.v1.customers.update(shop.customer.id, {"name": "x"})
    with pytest.raises(RuntimeError, match="No such customer"):
        shop.control.complete_checkout(waiting.id)
    told = [event["type"] for event in shop.control.events()]
    assert told[-2:] == ["customer.subscription.deleted", "customer.deleted"]


def test_prices_are_found_by_lookup_key(client: stripe.StripeClient, shop: Shop) -> None:
    assert shop.package.id

    found = client.v1.prices.list(
        {"lookup_keys": [str(shop.plan.lookup_key)], "active": True, "expand": ["data.product"]}
    )

    assert isinstance(found.data[0].product, stripe.Product)
    assert [(price.id, found.data[0].product.name) for price in found.data] == [
        (shop.plan.id, "Pro")
    ]


def test_a_lookup_key_belongs_to_one_price(client: stripe.StripeClient, shop: Shop) -> None:
    replacement: stripe.params.PriceCreateParams = {
        "currency": "usd",
        "unit_amount": 5900,
        "recurring": {"interval": "month"},
        "product": str(shop.plan.product),
        "lookup_key": "pro_month",
    }
    with pytest.raises(stripe.InvalidRequestError, match="already uses that lookup key"):
        client.v1.prices.create(replacement)

    moved = client.v1.prices.create({**replacement, "transfer_lookup_key": True})

    assert moved.lookup_key == "pro_month"
    assert client.v1.prices.retrieve(shop.plan.id).lookup_key is None


def test_parallel_writers_get_one_lookup_key(client: stripe.StripeClient, shop: Shop) -> None:
    product = str(shop.plan.product)

    def create(amount: int) -> bool:
        try:
            client.v1.prices.create(
                {"currency": "usd", "unit_amount": amount, "product": product, "lookup_key": "one"}
            )
        except stripe.InvalidRequestError:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(create, range(100, 108)))

    assert made.count(True) == 1
    assert len(client.v1.prices.list({"lookup_keys": ["one"]}).data) == 1


def test_an_archived_price_is_not_sold(client: stripe.StripeClient, shop: Shop) -> None:
    client.v1.prices.update(shop.package.id, {"active": False})

    with pytest.raises(stripe.InvalidRequestError, match="price specified is inactive"):
        shop.open_package()

    assert [price.id for price in client.v1.prices.list({"active": False}).data] == [
        shop.package.id
    ]


def test_a_product_keeps_its_chosen_id(client: stripe.StripeClient) -> None:
    client.v1.products.create({"id": "tier_pro", "name": "Pro"})

    with pytest.raises(stripe.InvalidRequestError, match="already exists"):
        client.v1.products.create({"id": "tier_pro", "name": "Pro"})

    assert client.v1.products.retrieve("tier_pro").name == "Pro"


def test_pages_go_through_a_list_in_both_directions(client: stripe.StripeClient) -> None:
    made = [client.v1.products.create({"name": f"P{i}"}).id for i in range(7)]

    newest_first = [p.id for p in client.v1.products.list({"limit": 3}).auto_paging_iter()]
    oldest_first = [
        p.id
        for p in client.v1.products.list({"limit": 3, "ending_before": made[0]}).auto_paging_iter()
    ]
    page = client.v1.products.list({"limit": 3})

    assert newest_first == made[::-1]
    assert oldest_first == made[1:]
    assert (page.has_more, page.url, len(page)) == (True, "/v1/products", 3)


def test_created_is_filtered(client: stripe.StripeClient) -> None:
    product = client.v1.products.create({"name": "P"})

    assert len(client.v1.products.list({"created": {"gte": product.created}}).data) == 1
    assert client.v1.products.list({"created": {"gt": product.created}}).data == []
    assert len(client.v1.products.list({"created": product.created}).data) == 1
