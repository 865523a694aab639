"""Webhook signatures and events. https://docs.stripe.com/webhooks#verify-manually"""

import json
from typing import Any

import stripe
import structlog

from billing.errors import InvalidSignature
from billing.gateway.values import Event
from billing.observability import metrics

log = structlog.get_logger(__name__)

TOLERANCE_SECONDS = 300
UPCOMING = "invoice.upcoming"


def verify(
    payload: bytes, signature: str | None, *, secrets: tuple[str, ...], now_epoch: int
) -> Event:
    """Prove who sent the payload, and read it.

    Stripe's library accepts times far in the future and lets several malformed inputs raise
    errors of its own; here each of them is an `InvalidSignature`.

    Args:
        payload: the raw body, to the byte.
        signature: the `Stripe-Signature` header.
        secrets: the endpoint's secrets; two while one is rotated.
        now_epoch: the present time in Unix seconds.

    Raises:
        InvalidSignature: it is not signed with a secret of ours, too old or from the future, or
            is no event.
    """
    try:
        return _verified(payload, signature, secrets=secrets, now_epoch=now_epoch)
    except InvalidSignature as refusal:
        log.warning("webhook.rejected", reason=refusal.detail)
        metrics.WEBHOOKS.labels("rejected").inc()
        raise


def _verified(
    payload: bytes, signature: str | None, *, secrets: tuple[str, ...], now_epoch: int
) -> Event:
    if signature is None or not signature.isascii():
        raise InvalidSignature("The Stripe-Signature header is missing or malformed.")
    try:
        body = payload.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidSignature("The body is not UTF-8.") from error
    if not any(_is_signed(body, signature, secret) for secret in secrets):
        raise InvalidSignature("The signature is not by a secret of this endpoint, or too old.")
    if _signed_at(signature) > now_epoch + TOLERANCE_SECONDS:
        raise InvalidSignature("The signature is from the future.")
    return read_event(body)


def _is_signed(body: str, signature: str, secret: str) -> bool:
    try:
        return bool(
            stripe.WebhookSignature.verify_header(body, signature, secret, TOLERANCE_SECONDS)
        )
    except (stripe.SignatureVerificationError, ValueError):
        return False


def _signed_at(signature: str) -> int:
    parts = (part.partition("=") for part in signature.split(","))
    return int(next(value for name, _, value in parts if name == "t"))


def read_event(body: str) -> Event:
    """Read an event whose sender is known.

    Args:
        body: the event as JSON.

    Raises:
        InvalidSignature: it is no event.
    """
    try:
        event = json.loads(body)
        subject = event["data"]["object"]
        identifier, event_type = event["id"], event["type"]
    except (ValueError, RecursionError, KeyError, TypeError) as error:
        raise InvalidSignature("The body is not a Stripe event.") from error
    if not isinstance(identifier, str) or not isinstance(event_type, str):
        raise InvalidSignature("The body is not a Stripe event.")
    return Event(
        id=identifier[:255],
        type=event_type[:100],
        api_version=event.get("api_version"),
        is_live=bool(event.get("livemode")),
        account_id=event.get("account"),
        object_id=_object_id(event_type, subject),
        customer_id=_customer_id(subject),
        payload=body,
    )


def _object_id(event_type: str, subject: Any) -> str | None:
    """Return what is to be read again; an upcoming invoice is none yet, its subscription is."""
    if event_type == UPCOMING:
        subject = {"id": _at(subject, "parent", "subscription_details", "subscription")}
    found = _at(subject, "id")
    return found if isinstance(found, str) else None


def _customer_id(subject: Any) -> str | None:
    """Return whom the object belongs to, or who it is."""
    is_customer = _at(subject, "object") == "customer"
    found = _at(subject, "id" if is_customer else "customer")
    return found if isinstance(found, str) else None


def _at(subject: Any, *names: str) -> Any:
    for name in names:
        subject = subject.get(name) if isinstance(subject, dict) else None
    return subject
