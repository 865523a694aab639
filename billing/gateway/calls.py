"""How each call reaches Stripe: one client, our limits, Stripe's errors in our words."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from time import perf_counter

import stripe
import structlog

from billing.errors import (
    BillingError,
    CardDeclined,
    GatewayError,
    GatewayUnavailable,
    StripeObjectNotFound,
    StripeRefused,
)
from billing.observability import metrics

log = structlog.get_logger(__name__)

API_VERSION = "2026-10-28.endive"
CONNECT_TIMEOUT_SECONDS = 3
READ_TIMEOUT_SECONDS = 8
MAX_NETWORK_RETRIES = 2

OK = "ok"
# What a person's card or a lost line explains; anything else is for us to mend.
SEVERITY = {
    CardDeclined: logging.INFO,
    StripeObjectNotFound: logging.WARNING,
    GatewayUnavailable: logging.WARNING,
}

# Its file under ~/.config and its header say more about our machines than Stripe needs.
stripe.enable_telemetry = False


class Calls:
    """The Stripe client, with what surrounds each call."""

    def __init__(
        self,
        secret_key: str,
        *,
        api_base: str | None,
        in_transaction: Callable[[], bool],
    ) -> None:
        """Build the client.

        Args:
            secret_key: Stripe's secret or restricted key.
            api_base: another server that speaks Stripe's API; None is Stripe.
            in_transaction: says whether a database transaction is open; no call is made in one.
        """
        self._in_transaction = in_transaction
        http_client = stripe.RequestsClient(timeout=(CONNECT_TIMEOUT_SECONDS, READ_TIMEOUT_SECONDS))
        self._client = stripe.StripeClient(
            secret_key,
            stripe_version=API_VERSION,
            max_network_retries=MAX_NETWORK_RETRIES,
            http_client=http_client,
            base_addresses={"api": api_base} if api_base else {},
        )

    @contextmanager
    def stripe(self, operation: str) -> Iterator[stripe.StripeClient]:
        """Lend the client for one call, and translate what it raises.

        Args:
            operation: the call's name for the log, such as `checkout.sessions.create`.

        Raises:
            StripeObjectNotFound: there is no object with this id.
            CardDeclined: the bank refused the payment.
            StripeRefused: the request is wrong, or the key is.
            GatewayError: Stripe answered with an error of its own.
            GatewayUnavailable: Stripe did not answer, or told us to slow down.
        """
        if self._in_transaction():
            raise RuntimeError(f"{operation} inside a database transaction")
        began, outcome = perf_counter(), OK
        try:
            yield self._client
        except stripe.StripeError as error:
            translated = _translated(error)
            outcome = translated.code
            log.log(
                SEVERITY.get(type(translated), logging.ERROR),
                "stripe.error",
                operation=operation,
                kind=type(error).__name__,
                status=error.http_status,
                code=error.code,
                stripe_request_id=error.request_id,
            )
            raise translated from error
        finally:
            metrics.STRIPE_CALLS.labels(operation, outcome).observe(perf_counter() - began)


def _translated(error: stripe.StripeError) -> BillingError:
    if isinstance(error, stripe.APIConnectionError | stripe.RateLimitError):
        return GatewayUnavailable("We could not reach the payment service. Try again in a minute.")
    if error.http_status == HTTPStatus.CONFLICT:
        # The same key is at work elsewhere: a second tab, a second webhook.
        return GatewayUnavailable("The payment service is busy with this. Try again in a moment.")
    if isinstance(error, stripe.InvalidRequestError) and error.code == "resource_missing":
        return StripeObjectNotFound("The payment service does not know this.")
    if error.http_status == HTTPStatus.PAYMENT_REQUIRED:
        return CardDeclined(error.user_message or "Your card was declined.")
    if error.http_status is not None and error.http_status < 500:
        return StripeRefused("The payment service refused the request.")
    return GatewayError("The payment service gave an error. Try again in a minute.")
