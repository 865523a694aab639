"""The hosted pages, as a buyer without JavaScript uses them."""

from concurrent.futures import ThreadPoolExecutor
from xml.etree.ElementTree import Element

import pytest
import stripe

from tests.sandbox.receiver import Receiver
from tests.sandbox.shop import CANCEL_URL, Shop
from tests.sandbox.visitor import Answer, open_page, page_faults, press, visit
from tests.sandbox_process import SandboxControl

SUBSCRIBE, BUY = "Pay $49.00 and subscribe", "Pay $20.00"


def checkout(session: stripe.checkout.Session) -> Answer:
    assert session.url is not None
    return open_page(session.url)


def test_one_press_pays_and_leads_back(shop: Shop, client: stripe.StripeClient) -> None:
    session = shop.open_subscription()

    answer = press(checkout(session), SUBSCRIBE)

    assert answer.status == 303
    assert answer.location == f"http://shop.test/done?session_id={session.id}"
    assert client.v1.checkout.sessions.retrieve(session.id).payment_status == "paid"


def test_the_page_says_what_is_paid_and_when(shop: Shop) -> None:
    page = checkout(shop.open_subscription())

    assert "Sandbox checkout." in page.text
    assert "No money moves." in page.text
    assert "Subscribe to Pro $49.00 a month" in page.text
    assert "Due today $49.00" in page.text
    assert "and each month after that" in page.text


def test_a_trial_says_what_comes_after_it(shop: Shop) -> None:
    page = checkout(shop.open_subscription(subscription_data={"trial_period_days": 14}))

    assert "Due today $0.00" in page.text
    assert press(page, "Start the free trial").status == 303


@pytest.mark.parametrize(
    ("number", "message"),
    [
        ("4000000000000002", "Your card was declined. Try another card or ask your bank."),
        ("4000000000009995", "The card does not have enough funds. Try another card."),
        ("4000000000000069", "The card has expired. Try another card."),
        ("4000000000000127", "The security code is not right. Check it and try again."),
    ],
)
def test_a_decline_keeps_all_but_the_security_code(number: str, message: str, shop: Shop) -> None:
    page = press(checkout(shop.open_package()), BUY, preset=number, name="Ada", postal_code="1010")

    values = page.values()
    assert page.status == 422
    assert page_faults(page) == []
    assert message in page.text
    assert (values["preset"], values["name"], values["postal_code"]) == (number, "Ada", "1010")
    assert values["code"] == ""


def test_another_card_pays_after_a_decline(shop: Shop) -> None:
    declined = press(checkout(shop.open_package()), BUY, preset="4000000000000002")

    answer = press(declined, BUY, preset="4242424242424242", code="123")

    assert answer.status == 303


def test_a_typed_number_wins_over_the_picker(shop: Shop) -> None:
    page = press(checkout(shop.open_package()), BUY, number="4000 0000 0000 9995")

    assert "does not have enough funds" in page.text


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"number": "4111 1111 1111 1111"}, "Use one of the test cards."),
        ({"number": "4242"}, "Use one of the test cards."),
        ({"expiry": "13 / 34"}, "Enter the month and the year"),
        ({"expiry": "01 / 20"}, "The expiry date is in the past."),
        ({"code": "12"}, "Enter the security code"),
        ({"name": ""}, "Enter the name on the card."),
    ],
)
def test_a_faulty_form_charges_nothing(
    fields: dict[str, str], message: str, shop: Shop, control: SandboxControl
) -> None:
    page = press(checkout(shop.open_package()), BUY, **fields)

    assert (page.status, page_faults(page)) == (422, [])
    assert message in page.text
    assert control.events(type="charge.failed") == []


def test_a_double_submission_pays_once(shop: Shop, client: stripe.StripeClient) -> None:
    page = checkout(shop.open_package())

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: press(page, BUY), range(4)))

    assert [answer.status for answer in answers] == [303] * 4
    assert len(client.v1.charges.list().data) == 1


def test_a_declined_form_sent_twice_is_tried_once(shop: Shop, client: stripe.StripeClient) -> None:
    page = checkout(shop.open_package())

    press(page, BUY, preset="4000000000000002")
    again = press(page, BUY, preset="4000000000000002")

    assert "This form was sent before" in again.text
    assert len(client.v1.charges.list().data) == 1


def test_the_bank_approves(shop: Shop, client: stripe.StripeClient) -> None:
    session = shop.open_subscription()

    asked = press(checkout(session), SUBSCRIBE, preset="4000000000003220")
    question = open_page(f"{session.url}/authenticate")
    answer = press(question, "Approve")

    assert asked.location.endswith("/authenticate")
    assert answer.location == f"http://shop.test/done?session_id={session.id}"
    assert client.v1.checkout.sessions.retrieve(session.id).status == "complete"


def test_the_bank_refuses(shop: Shop, client: stripe.StripeClient) -> None:
    session = shop.open_package()
    press(checkout(session), BUY, preset="4000000000003220")

    page = press(open_page(f"{session.url}/authenticate"), "Refuse")

    assert page.status == 422
    assert "The bank did not confirm the payment." in page.text
    assert client.v1.checkout.sessions.retrieve(session.id).status == "open"
    assert visit(f"{session.url}/authenticate").status == 303


def test_webhooks_come_before_the_buyer_does(
    receiver: Receiver, shop: Shop, control: SandboxControl
) -> None:
    page = checkout(shop.open_package())
    control.wait_until_idle()

    press(page, BUY)

    assert "checkout.session.completed" in receiver.types


def test_webhooks_can_come_twice_or_never(
    receiver: Receiver, shop: Shop, control: SandboxControl
) -> None:
    press(checkout(shop.open_package()), BUY, twice="on")
    press(checkout(shop.open_package()), BUY, webhooks="never")

    control.wait_until_idle()

    assert receiver.types.count("checkout.session.completed") == 2


def test_a_payment_that_comes_later_settles_by_itself(
    shop: Shop, client: stripe.StripeClient, control: SandboxControl
) -> None:
    session = shop.open_package()

    answer = press(checkout(session), BUY, preset="000123456789", settlement="by hand", code="")
    unpaid = client.v1.checkout.sessions.retrieve(session.id)
    settled = press(open_page(f"{control.base_url}/?account={account_of(client)}"), "Money arrives")

    assert (answer.status, unpaid.payment_status) == (303, "unpaid")
    assert settled.status == 303
    assert client.v1.checkout.sessions.retrieve(session.id).payment_status == "paid"


def test_a_closed_session_says_so(shop: Shop, client: stripe.StripeClient) -> None:
    expired, paid = shop.open_package(), shop.open_package()
    client.v1.checkout.sessions.expire(expired.id)
    shop.pay(paid)

    over, done = checkout(expired), checkout(paid)

    assert (over.status, over.h1) == (410, "This checkout ended")
    assert CANCEL_URL in over.html
    assert (done.status, done.h1) == (200, "This checkout is paid")


def test_an_unknown_session_is_a_404(control: SandboxControl) -> None:
    page = open_page(f"{control.base_url}/c/pay/cs_test_unknown")

    assert (page.status, page.h1) == (404, "Page not found")


def test_pages_carry_a_strict_policy(shop: Shop) -> None:
    page = checkout(shop.open_package())

    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "form-action 'self' http://shop.test" in policy


def test_forms_of_other_sites_are_refused(shop: Shop) -> None:
    page = checkout(shop.open_package())

    answer = visit(page.url, data=page.values(), **{"Sec-Fetch-Site": "cross-site"})

    assert answer.status == 403


def test_the_portal_cancels_by_date_and_keeps(shop: Shop, client: stripe.StripeClient) -> None:
    subscription = shop.subscribe()
    portal = client.v1.billing_portal.sessions.create(
        {"customer": shop.customer.id, "return_url": "http://shop.test/account"}
    )
    page = open_page(portal.url)
    cancel = next(b for b in map(_text, page.root.iter("button")) if b.startswith("Cancel Pro"))

    press(page, cancel)
    ending = client.v1.subscriptions.retrieve(subscription.id)
    press(open_page(portal.url), "Keep Pro")
    kept = client.v1.subscriptions.retrieve(subscription.id)

    assert ending.cancel_at == subscription.items.data[0].current_period_end
    assert ending.cancel_at_period_end is False
    assert kept.cancel_at is None


def test_the_portal_changes_the_card(shop: Shop, client: stripe.StripeClient) -> None:
    subscription = shop.subscribe()
    portal = client.v1.billing_portal.sessions.create({"customer": shop.customer.id})

    press(open_page(portal.url), "Use this card", card="4000000000000341")

    changed = client.v1.subscriptions.retrieve(
        subscription.id, {"expand": ["default_payment_method"]}
    )
    assert isinstance(changed.default_payment_method, stripe.PaymentMethod)
    assert changed.default_payment_method.card is not None
    assert changed.default_payment_method.card.last4 == "0341"


def test_a_deep_link_ends_where_it_wanted(shop: Shop, client: stripe.StripeClient) -> None:
    shop.subscribe()
    portal = client.v1.billing_portal.sessions.create(
        {
            "customer": shop.customer.id,
            "flow_data": {
                "type": "payment_method_update",
                "after_completion": {
                    "type": "redirect",
                    "redirect": {"return_url": "http://shop.test/account"},
                },
            },
        }
    )

    answer = press(open_page(portal.url), "Use this card")

    assert answer.location == "http://shop.test/account"


def test_an_invoice_has_a_page_and_a_pdf(shop: Shop, client: stripe.StripeClient) -> None:
    invoice = client.v1.invoices.retrieve(str(shop.subscribe().latest_invoice))
    charge = client.v1.charges.list().data[0]

    page = open_page(str(invoice.hosted_invoice_url))

    assert "$49.00" in page.text
    assert visit(str(invoice.invoice_pdf)).html.startswith("%PDF-")
    assert "$49.00" in open_page(str(charge.receipt_url)).text


def test_the_control_page_shows_what_happened(
    receiver: Receiver, shop: Shop, client: stripe.StripeClient, control: SandboxControl
) -> None:
    session = shop.open_package()
    control.wait_until_idle()

    page = open_page(f"{control.base_url}/?account={account_of(client)}")
    press(page, "Expire")
    control.wait_until_idle()

    assert "product.created" in page.text
    assert client.v1.checkout.sessions.retrieve(session.id).status == "expired"
    assert receiver.types[-1] == "checkout.session.expired"


def account_of(client: stripe.StripeClient) -> str:
    return client.v1.accounts.retrieve_current().id


def _text(element: Element) -> str:
    return "".join(element.itertext())
