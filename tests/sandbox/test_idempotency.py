"""The same key again: one effect, the same answer."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
import stripe

from tests.sandbox.shop import Shop
from tests.sandbox_process import SandboxControl


def test_the_same_call_again_is_replayed(client: stripe.StripeClient) -> None:
    first = client.v1.customers.create({"email": "a@b.test"}, {"idempotency_key": "user:1"})
    again = client.v1.customers.create({"email": "a@b.test"}, {"idempotency_key": "user:1"})

    assert again.id == first.id
    assert again.last_response is not None
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    assert len(client.v1.customers.list().data) == 1


def test_the_key_with_other_parameters_is_refused(client: stripe.StripeClient) -> None:
    client.v1.customers.create({"email": "a@b.test"}, {"idempotency_key": "user:1"})

    with pytest.raises(stripe.IdempotencyError, match="same parameters") as refusal:
        client.v1.customers.create({"email": "c@d.test"}, {"idempotency_key": "user:1"})

    assert refusal.value.http_status == 400


def test_a_refused_call_leaves_its_key_free(client: stripe.StripeClient) -> None:
    options: stripe.RequestOptions = {"idempotency_key": "user:1"}
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.customers.create({"email": "nobody"}, options)

    assert client.v1.customers.create({"email": "a@b.test"}, options).email == "a@b.test"


def test_a_key_in_use_is_a_409(client: stripe.StripeClient, control: SandboxControl) -> None:
    control.fail_next("customers", "slow", seconds=1)

    def create(_: int) -> str:
        try:
            client.v1.customers.create({"email": "a@b.test"}, {"idempotency_key": "user:1"})
        except stripe.StripeError as error:
            return str(error.http_status)
        return "created"

    with ThreadPoolExecutor(2) as threads:
        answers = Counter(threads.map(create, range(2)))

    assert answers == {"created": 1, "409": 1}


def test_parallel_calls_with_one_key_have_one_effect(
    client: stripe.StripeClient, shop: Shop
) -> None:
    price = shop.package.id

    def create(_: int) -> str:
        session = client.v1.checkout.sessions.create(
            {
                "mode": "payment",
                "line_items": [{"price": price, "quantity": 1}],
                "success_url": "http://shop.test/done",
            },
            {"idempotency_key": "order:81", "max_network_retries": 5},
        )
        return session.id

    with ThreadPoolExecutor(8) as threads:
        ids = set(threads.map(create, range(8)))

    assert len(ids) == 1
    assert len(client.v1.checkout.sessions.list().data) == 1


@pytest.mark.parametrize("status", [503, "reset"])
def test_an_answer_lost_on_the_way_is_replayed(
    status: int | str, client: stripe.StripeClient, control: SandboxControl
) -> None:
    control.fail_next("customers", status, when="after")
    options: stripe.RequestOptions = {"idempotency_key": "user:1"}

    with pytest.raises(stripe.APIError if status == 503 else stripe.APIConnectionError):
        client.v1.customers.create({"email": "a@b.test"}, options)
    customer = client.v1.customers.create({"email": "a@b.test"}, options)

    assert [found.id for found in client.v1.customers.list().data] == [customer.id]


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (500, stripe.APIError),
        (503, stripe.APIError),
        (429, stripe.RateLimitError),
        ("html", stripe.APIError),
        ("reset", stripe.APIConnectionError),
    ],
)
def test_stripe_fails_when_told_to(
    status: int | str,
    error: type[stripe.StripeError],
    client: stripe.StripeClient,
    control: SandboxControl,
) -> None:
    control.fail_next("GET /v1/prices", status)

    with pytest.raises(error):
        client.v1.prices.list()

    assert client.v1.prices.list().data == []


def test_a_timeout_can_be_provoked(control: SandboxControl) -> None:
    http = stripe.RequestsClient(timeout=0.3)
    impatient = stripe.StripeClient(
        control.api_key, base_addresses={"api": control.base_url}, http_client=http
    )
    control.fail_next("prices", "timeout", seconds=1)

    with pytest.raises(stripe.APIConnectionError):
        impatient.v1.prices.list()

    http.close()  # type: ignore[no-untyped-call]


def test_healing_forgets_failures(client: stripe.StripeClient, control: SandboxControl) -> None:
    control.fail_next("", 500, times=100)

    control.heal()

    assert client.v1.prices.list().data == []
