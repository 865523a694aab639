"""The official client in the account of a test, something to sell, and an endpoint."""

from collections.abc import Iterator

import pytest
import stripe

from tests.sandbox.receiver import Receiver
from tests.sandbox.shop import Shop
from tests.sandbox_process import SandboxControl

stripe.enable_telemetry = False


@pytest.fixture
def control(sandbox: SandboxControl) -> SandboxControl:
    """The control panel of this test's account."""
    return sandbox


@pytest.fixture
def client(control: SandboxControl) -> Iterator[stripe.StripeClient]:
    http = stripe.RequestsClient(timeout=30)
    yield stripe.StripeClient(
        control.api_key, base_addresses={"api": control.base_url}, http_client=http
    )
    http.close()  # type: ignore[no-untyped-call]


@pytest.fixture
def shop(client: stripe.StripeClient, control: SandboxControl) -> Shop:
    return Shop(client, control)


@pytest.fixture
def receiver(client: stripe.StripeClient) -> Iterator[Receiver]:
    """An endpoint that takes every event of the account."""
    with Receiver() as found:
        endpoint = client.v1.webhook_endpoints.create({"url": found.url, "enabled_events": ["*"]})
        found.secret = endpoint.secret
        yield found
