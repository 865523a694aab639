"""Coupons, promotion codes and automatic tax: in the API, on the page, on the first invoice."""

from typing import Any

import pytest
import stripe

from tests.sandbox.shapes import Shapes
from tests.sandbox.shop import Shop
from tests.sandbox.visitor import open_page, press
from tests.sandbox_process import SandboxControl


@pytest.fixture
def quarter(client: stripe.StripeClient) -> stripe.Coupon:
    return client.v1.coupons.create({"percent_off": 25, "duration": "forever", "name": "Friends"})


def code(client: stripe.StripeClient, coupon: stripe.Coupon, **more: Any) -> stripe.PromotionCode:
    params: Any = {"promotion": {"type": "coupon", "coupon": coupon.id}, "code": "FRIENDS"}
    return client.v1.promotion_codes.create(params | more)


def first_invoice(client: stripe.StripeClient, subscription: stripe.Subscription) -> stripe.Invoice:
    return client.v1.invoices.retrieve(str(subscription.latest_invoice))


def test_a_coupon_reduces_the_first_invoice(
    client: stripe.StripeClient, shop: Shop, quarter: stripe.Coupon
) -> None:
    session = shop.open_subscription(discounts=[{"coupon": quarter.id}])

    subscription = shop.pay(session).subscription
    assert isinstance(subscription, stripe.Subscription)

    invoice = first_invoice(client, subscription)
    charge = client.v1.charges.list().data[0]
    assert (session.amount_subtotal, session.amount_total) == (4900, 3675)
    assert session.total_details is not None
    assert session.total_details.amount_discount == 1225
    assert (invoice.subtotal, invoice.total, invoice.amount_paid) == (4900, 3675, 3675)
    assert charge.amount == 3675
    assert invoice.total_discount_amounts is not None
    assert [taken.amount for taken in invoice.total_discount_amounts] == [1225]
    assert invoice.discounts == subscription.discounts
    assert client.v1.coupons.retrieve(quarter.id).times_redeemed == 1


def test_the_coupon_of_a_discount_is_its_source(
    client: stripe.StripeClient, shop: Shop, quarter: stripe.Coupon
) -> None:
    subscription = shop.subscribe(discounts=[{"coupon": quarter.id}])

    read = client.v1.subscriptions.retrieve(
        subscription.id, {"expand": ["discounts.source.coupon"]}
    )

    discount = read.discounts[0]
    assert isinstance(discount, stripe.Discount)
    assert isinstance(discount.source.coupon, stripe.Coupon)
    assert discount.source.coupon.name == "Friends"
    assert (discount.subscription, discount.end) == (subscription.id, None)


def test_a_discount_for_once_ends_with_its_invoice(
    client: stripe.StripeClient, shop: Shop, control: SandboxControl
) -> None:
    coupon = client.v1.coupons.create({"amount_off": 1000, "currency": "usd", "duration": "once"})

    subscription = shop.subscribe(discounts=[{"coupon": coupon.id}])
    control.wait_until_idle()

    assert first_invoice(client, subscription).total == 3900
    assert client.v1.subscriptions.retrieve(subscription.id).discounts == []
    assert "customer.discount.deleted" in shop.types_since(0)


def test_a_repeating_discount_knows_its_end(client: stripe.StripeClient, shop: Shop) -> None:
    coupon = client.v1.coupons.create(
        {"percent_off": 50, "duration": "repeating", "duration_in_months": 3}
    )

    subscription = shop.subscribe(discounts=[{"coupon": coupon.id}])

    read = client.v1.subscriptions.retrieve(subscription.id, {"expand": ["discounts"]})
    discount = read.discounts[0]
    assert isinstance(discount, stripe.Discount)
    assert discount.end is not None
    assert 88 <= (discount.end - discount.start) / 86400 <= 92


def test_an_amount_is_divided_to_the_last_cent(client: stripe.StripeClient, shop: Shop) -> None:
    coupon = client.v1.coupons.create({"amount_off": 1000, "currency": "usd"})
    items = [{"price": shop.package.id, "quantity": n} for n in (1, 1, 1)]

    session = shop.open_package(line_items=items, discounts=[{"coupon": coupon.id}])

    found = client.v1.checkout.sessions.line_items.list(session.id).data
    assert [item.amount_discount for item in found] == [333, 333, 334]
    assert (session.amount_total, sum(item.amount_total for item in found)) == (5000, 5000)


def test_a_coupon_for_products_leaves_the_others(client: stripe.StripeClient, shop: Shop) -> None:
    coupon = client.v1.coupons.create(
        {"percent_off": 50, "applies_to": {"products": [str(shop.package.product)]}}
    )
    items = [{"price": price.id, "quantity": 1} for price in (shop.plan, shop.package)]

    session = shop.open_subscription(line_items=items, discounts=[{"coupon": coupon.id}])

    assert session.amount_total == 4900 + 1000


def test_all_off_is_sold_without_a_payment(client: stripe.StripeClient, shop: Shop) -> None:
    coupon = client.v1.coupons.create({"percent_off": 100})

    session = shop.pay(shop.open_package(discounts=[{"coupon": coupon.id}]))

    assert (session.amount_total, session.payment_status) == (0, "no_payment_required")
    assert client.v1.charges.list().data == []


def test_a_buyer_redeems_a_code(
    client: stripe.StripeClient, shop: Shop, quarter: stripe.Coupon
) -> None:
    promotion, session = code(client, quarter), shop.open_subscription(allow_promotion_codes=True)
    page = open_page(str(session.url))

    wrong = press(page, "Apply the code", promotion="NOPE", action="apply")
    press(page, "Apply the code", promotion="friends", action="apply")
    reduced = open_page(str(session.url))
    press(reduced, "Pay $36.75 and subscribe")

    done = client.v1.checkout.sessions.retrieve(session.id)
    assert (wrong.status, "This promotion code is not valid." in wrong.text) == (422, True)
    assert "25% off for good" in reduced.text
    assert "Then $36.75 on" in reduced.text
    assert (done.status, done.amount_total) == ("complete", 3675)
    assert done.discounts is not None
    assert [each.promotion_code for each in done.discounts] == [promotion.id]
    assert client.v1.promotion_codes.retrieve(promotion.id).times_redeemed == 1


def test_the_page_says_what_comes_after_the_discount(
    client: stripe.StripeClient, shop: Shop
) -> None:
    coupon = client.v1.coupons.create(
        {"percent_off": 50, "duration": "repeating", "duration_in_months": 3}
    )

    page = open_page(str(shop.open_subscription(discounts=[{"coupon": coupon.id}]).url))

    assert "50% off for 3 months" in page.text
    assert "Then $24.50 on" in page.text
    assert "$49.00 when the discount has ended" in page.text


def test_a_buyer_gives_a_code_back(
    client: stripe.StripeClient, shop: Shop, quarter: stripe.Coupon
) -> None:
    code(client, quarter)
    session = shop.open_package(allow_promotion_codes=True)

    press(open_page(str(session.url)), "Apply the code", promotion="FRIENDS")
    press(open_page(str(session.url)), "Remove FRIENDS")

    assert client.v1.checkout.sessions.retrieve(session.id).amount_total == 2000


def test_a_page_without_codes_shows_no_field(shop: Shop) -> None:
    assert "Promotion code" not in open_page(str(shop.open_package().url)).text


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"active": False}, "not valid"),
        ({"restrictions": {"first_time_transaction": True}}, "prior transactions"),
        (
            {"restrictions": {"minimum_amount": 9000, "minimum_amount_currency": "usd"}},
            "minimum amount",
        ),
    ],
)
def test_a_code_has_its_rules(
    more: Any, words: str, client: stripe.StripeClient, shop: Shop, quarter: stripe.Coupon
) -> None:
    shop.pay(shop.open_package())
    code(client, quarter, **more)
    session = shop.open_package(allow_promotion_codes=True)

    with pytest.raises(RuntimeError, match=words):
        shop.control.complete_checkout(session.id, promotion_code="FRIENDS")


def test_the_last_redemption_ends_a_coupon(client: stripe.StripeClient, shop: Shop) -> None:
    coupon = client.v1.coupons.create({"percent_off": 10, "max_redemptions": 1})
    shop.subscribe(discounts=[{"coupon": coupon.id}])

    with pytest.raises(stripe.InvalidRequestError) as refusal:
        shop.open_subscription(discounts=[{"coupon": coupon.id}])

    assert client.v1.coupons.retrieve(coupon.id).valid is False
    assert (refusal.value.code, refusal.value.param) == ("coupon_expired", "discounts[0][coupon]")


def test_coupons_and_codes_are_listed_changed_and_deleted(
    client: stripe.StripeClient, quarter: stripe.Coupon
) -> None:
    promotion = code(client, quarter)
    with pytest.raises(stripe.InvalidRequestError, match="already exists"):
        code(client, quarter)

    renamed = client.v1.coupons.update(quarter.id, {"name": "Family"})
    found = client.v1.promotion_codes.list({"code": "friends", "active": True}).data
    off = client.v1.promotion_codes.update(promotion.id, {"active": False})
    deleted = client.v1.coupons.delete(quarter.id)

    assert (renamed.name, [each.id for each in found]) == ("Family", [promotion.id])
    assert (off.active, deleted.deleted) == (False, True)
    assert client.v1.coupons.list().data == []


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({}, "percent_off"),
        ({"percent_off": 10, "amount_off": 100, "currency": "usd"}, "percent_off"),
        ({"amount_off": 100}, "currency"),
        ({"percent_off": 101}, "percent_off"),
        ({"percent_off": 10, "duration": "repeating"}, "duration_in_months"),
    ],
)
def test_a_senseless_coupon_is_refused(
    params: Any, param: str, client: stripe.StripeClient
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.coupons.create(params)

    assert refusal.value.param == param


def test_tax_follows_the_buyers_country(client: stripe.StripeClient, shop: Shop) -> None:
    session = shop.open_subscription(
        automatic_tax={"enabled": True}, customer_update={"address": "auto"}
    )

    untaxed = open_page(str(session.url))
    press(untaxed, "Update the total", country="DE")
    press(open_page(str(session.url)), "Pay $58.31 and subscribe")

    done = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["subscription"]})
    customer = client.v1.customers.retrieve(shop.customer.id)
    assert isinstance(done.subscription, stripe.Subscription)
    invoice = first_invoice(client, done.subscription)
    assert "0% in United States" in untaxed.text
    assert done.total_details is not None
    assert (done.amount_total, done.total_details.amount_tax) == (5831, 931)
    assert (invoice.total, invoice.total_excluding_tax) == (5831, 4900)
    assert invoice.total_taxes is not None
    assert [tax.amount for tax in invoice.total_taxes] == [931]
    assert done.subscription.automatic_tax.enabled is True
    assert customer.address is not None
    assert customer.address.country == "DE"


def test_tax_comes_after_the_discount(
    client: stripe.StripeClient, shop: Shop, quarter: stripe.Coupon
) -> None:
    client.v1.customers.update(shop.customer.id, {"address": {"country": "DE"}})

    session = shop.open_package(automatic_tax={"enabled": True}, discounts=[{"coupon": quarter.id}])

    assert session.amount_total == 1500 + 285


def test_an_inclusive_price_has_its_tax_in_it(client: stripe.StripeClient, shop: Shop) -> None:
    client.v1.customers.update(shop.customer.id, {"address": {"country": "DE"}})
    price = client.v1.prices.create(
        {
            "currency": "eur",
            "unit_amount": 1190,
            "tax_behavior": "inclusive",
            "product_data": {"name": "Tokens"},
        }
    )

    session = shop.open_package(
        automatic_tax={"enabled": True}, line_items=[{"price": price.id, "quantity": 1}]
    )

    assert session.total_details is not None
    assert (session.amount_total, session.total_details.amount_tax) == (1190, 190)


def test_tax_needs_a_country(shop: Shop) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        shop.open_package(automatic_tax={"enabled": True})

    assert refusal.value.code == "customer_tax_location_invalid"


def test_a_subscription_by_the_api_takes_discounts(
    client: stripe.StripeClient, shop: Shop, quarter: stripe.Coupon
) -> None:
    client.v1.customers.update(shop.customer.id, {"address": {"country": "DE"}})
    method = client.v1.payment_methods.attach("pm_card_visa", {"customer": shop.customer.id})

    subscription = client.v1.subscriptions.create(
        {
            "customer": shop.customer.id,
            "items": [{"price": shop.plan.id}],
            "default_payment_method": method.id,
            "discounts": [{"coupon": quarter.id}],
            "automatic_tax": {"enabled": True},
        }
    )

    invoice = first_invoice(client, subscription)
    assert (invoice.subtotal, invoice.total) == (4900, 3675 + 698)


def test_discounts_of_a_subscription_are_kept_replaced_and_ended(
    client: stripe.StripeClient, shop: Shop, quarter: stripe.Coupon
) -> None:
    half = client.v1.coupons.create({"percent_off": 50, "duration": "forever"})
    subscription = shop.subscribe(discounts=[{"coupon": quarter.id}])
    first = str(subscription.discounts[0])

    both = client.v1.subscriptions.update(
        subscription.id, {"discounts": [{"discount": first}, {"coupon": half.id}]}
    )
    preview = client.v1.invoices.create_preview({"subscription": subscription.id})
    none = client.v1.subscriptions.update(subscription.id, {"discounts": ""})

    assert (both.discounts[0], len(both.discounts)) == (first, 2)
    assert preview.total == 1837
    assert none.discounts == []
    assert shop.types_since(0).count("customer.discount.deleted") == 2


def test_renewals_are_reduced_while_the_discount_lasts(
    client: stripe.StripeClient, shop: Shop, control: SandboxControl
) -> None:
    coupon = client.v1.coupons.create(
        {"percent_off": 50, "duration": "repeating", "duration_in_months": 2}
    )
    subscription = shop.subscribe(discounts=[{"coupon": coupon.id}])

    for _ in range(3):
        control.advance(seconds=31 * 86400 + 7200)

    invoices = client.v1.invoices.list({"subscription": subscription.id}).data
    assert [invoice.total for invoice in reversed(invoices)] == [2450, 2450, 4900, 4900]


def test_discounts_have_the_shape_of_the_librarys_classes(
    client: stripe.StripeClient, shop: Shop, control: SandboxControl, quarter: stripe.Coupon
) -> None:
    once = client.v1.coupons.create({"amount_off": 500, "currency": "usd"})
    code(client, quarter)
    client.v1.customers.update(shop.customer.id, {"address": {"country": "FR"}})
    tax: Any = {"enabled": True}
    shop.subscribe(discounts=[{"coupon": once.id}], automatic_tax=tax)
    shop.subscribe(discounts=[{"coupon": quarter.id}])
    bought = shop.open_package(
        allow_promotion_codes=True, automatic_tax=tax, invoice_creation={"enabled": True}
    )
    control.complete_checkout(bought.id, promotion_code="FRIENDS")
    control.wait_until_idle()
    shapes = Shapes()

    events = [
        {name: value for name, value in event.items() if name != "deliveries"}
        for event in control.events()
    ]
    lists: list[Any] = [
        client.v1.coupons.list(),
        client.v1.promotion_codes.list({"expand": ["data.promotion.coupon"]}),
        client.v1.invoices.list({"expand": ["data.discounts"]}),
        client.v1.subscriptions.list({"expand": ["data.discounts.source.coupon"]}),
        client.v1.checkout.sessions.list({"expand": ["data.line_items", "data.discounts.coupon"]}),
    ]

    assert [p for event in events for p in shapes.problems(event)] == []
    found = [each.to_dict(for_json=True) for each in lists]
    assert [p for each in found for p in shapes.problems(each)] == []
