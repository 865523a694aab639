"""Every refusal that Billhook makes on purpose.

BillingError                  never raised itself
├── InvalidInput          422
├── IdempotencyMismatch   422
├── InvalidSignature      400
├── NotAuthenticated      401
├── PaymentRequired       402   InsufficientTokens, CardDeclined, PaymentIncomplete
├── NotEntitled           403   FeatureNotInTier, ScopeMissing, ServiceKeyRequired, AccountInactive,
│                               OnlyLooking
├── NotFound              404   TierNotFound, PackageNotFound, UnknownFeature, UserNotFound,
│                               OrderNotFound, EventNotFound, EmailNotFound, HoldNotFound,
│                               EntryNotFound, StripeObjectNotFound; LinkExpired is 400
├── Conflict              409   AlreadySubscribed, NoSubscription, TierNotForSale, EmailTaken,
│                               HoldClosed, PaymentPending
├── RateLimited           429
├── GatewayError          502   StripeRefused, StripeMismatch (UnknownPrice, UnknownCustomer)
│   └── GatewayUnavailable 503
└── Unavailable           503   NoCatalog

The class says the status, the stable code and the title; the instance says the detail and the
members that a program needs (RFC 9457 extension members).
"""

from collections.abc import Mapping
from typing import ClassVar, TypeAlias

from billing.messages import Message

Member: TypeAlias = "str | int | bool | Mapping[str, Member] | list[Member] | None"


class BillingError(Exception):
    """The root of the tree; carries what a page or a problem document says."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "billing_error"
    title: ClassVar[str] = Message("Something went wrong")

    def __init__(self, detail: str, **members: Member) -> None:
        super().__init__(detail)
        self.detail = detail
        self.members: dict[str, Member] = members


class InvalidInput(BillingError):
    """A field has a value that cannot be used; `errors` names each field."""

    status = 422
    code = "invalid_input"
    title = Message("Check what you entered")


class IdempotencyMismatch(BillingError):
    """The idempotency key was used before with other parameters."""

    status = 422
    code = "idempotency_mismatch"
    title = Message("This idempotency key belongs to another request")


class InvalidSignature(BillingError):
    """A webhook's signature does not prove who sent it."""

    status = 400
    code = "invalid_signature"
    title = Message("The signature does not match")


class NotAuthenticated(BillingError):
    """The caller has not said who they are, or not convincingly."""

    status = 401
    code = "not_authenticated"
    title = Message("Log in to go on")


class PaymentRequired(BillingError):
    """The request costs more than the user has."""

    status = 402
    code = "payment_required"
    title = Message("Payment required")


class InsufficientTokens(PaymentRequired):
    """Neither the quota nor the tokens cover the request; the members are the numbers."""

    code = "insufficient_tokens"
    title = Message("Not enough quota or tokens")


class CardDeclined(PaymentRequired):
    """The bank refused the card; the detail is Stripe's sentence for the person."""

    code = "card_declined"
    title = Message("The card was declined")


class PaymentIncomplete(PaymentRequired):
    """The payment waits for the person or their bank, so what it pays for has not happened.

    `needs_confirmation` says whether the bank asks, `invoice_url` where it can be paid.
    """

    code = "payment_incomplete"
    title = Message("The payment did not go through")


class NotEntitled(BillingError):
    """The user may not do this."""

    status = 403
    code = "not_entitled"
    title = Message("You do not have access to this")


class FeatureNotInTier(NotEntitled):
    """The user's tier does not include the feature."""

    code = "feature_not_in_tier"
    title = Message("Your plan does not include this feature")


class OnlyLooking(NotEntitled):
    """An admin who looks at an account as its user wants to change or pay something."""

    code = "only_looking"
    title = Message("You are only looking")


class ScopeMissing(NotEntitled):
    """The API key may read only."""

    code = "scope_missing"
    title = Message("The API key may not do this")


class ServiceKeyRequired(NotEntitled):
    """A user key asked for what only the host product may do."""

    code = "service_key_required"
    title = Message("This needs a service key")


class AccountInactive(NotEntitled):
    """The user was disabled by an admin, or has closed the account."""

    code = "account_inactive"
    title = Message("The account is not active")


class NotFound(BillingError):
    """There is no such thing, or not for this caller."""

    status = 404
    code = "not_found"
    title = Message("Page not found")


class TierNotFound(NotFound):
    code = "tier_not_found"
    title = Message("There is no such plan")


class PackageNotFound(NotFound):
    code = "package_not_found"
    title = Message("There is no such token package")


class UnknownFeature(NotFound):
    code = "unknown_feature"
    title = Message("There is no such feature")


class UserNotFound(NotFound):
    code = "user_not_found"
    title = Message("There is no such user")


class OrderNotFound(NotFound):
    code = "order_not_found"
    title = Message("There is no such order")


class HoldNotFound(NotFound):
    code = "hold_not_found"
    title = Message("There is no such hold")


class EntryNotFound(NotFound):
    """No AI request, refusal, hold or ledger line has this id."""

    code = "entry_not_found"
    title = Message("There is no such entry")


class EmailNotFound(NotFound):
    code = "email_not_found"
    title = Message("There is no such email")


class EventNotFound(NotFound):
    code = "event_not_found"
    title = Message("There is no such webhook event")


class StripeObjectNotFound(NotFound):
    """Stripe has no object with this id."""

    code = "stripe_object_not_found"


class LinkExpired(NotFound):
    """A link from an e-mail was used before, or is too old."""

    status = 400
    code = "link_expired"
    title = Message("This link has expired")


class Conflict(BillingError):
    """The request does not fit the present state."""

    status = 409
    code = "conflict"
    title = Message("This does not fit the present state")


class AlreadySubscribed(Conflict):
    code = "already_subscribed"
    title = Message("You already have a paid plan")


class NoSubscription(Conflict):
    code = "no_subscription"
    title = Message("You have no paid plan")


class NothingDue(Conflict):
    """There is no open invoice to pay."""

    code = "nothing_due"
    title = Message("Nothing is due")


class NothingToChange(Conflict):
    code = "nothing_to_change"
    title = Message("You are on this plan already")


class AmountChanged(Conflict):
    """What a person agreed to pay is not what would be charged by now."""

    code = "amount_changed"
    title = Message("The amount has changed")


class TierNotForSale(Conflict):
    """The tier is free, archived, or not pushed to Stripe yet."""

    code = "tier_not_for_sale"
    title = Message("This plan is not for sale")


class PaymentPending(Conflict):
    """A payment is on its way that nobody can call back."""

    code = "payment_pending"
    title = Message("A payment is still being confirmed")


class EmailTaken(Conflict):
    code = "email_taken"
    title = Message("There is an account with this address")


class HoldClosed(Conflict):
    """The hold was settled, released or has expired."""

    code = "hold_closed"
    title = Message("This hold is closed")


class IdempotencyInFlight(Conflict):
    """The first request with this idempotency key has not been answered yet."""

    code = "idempotency_in_flight"
    title = Message("The same request is being worked on")


class RateLimited(BillingError):
    """Too many tries; `retry_after_seconds` says how long to wait."""

    status = 429
    code = "rate_limited"
    title = Message("Too many tries")


class GatewayError(BillingError):
    """Stripe answered, and the answer is no use."""

    status = 502
    code = "gateway_error"
    title = Message("The payment service gave an error")


class GatewayUnavailable(GatewayError):
    """Stripe could not be reached, timed out, or is limiting us: nobody knows what it did."""

    status = 503
    code = "gateway_unavailable"
    title = Message("Payments are unavailable right now")


class StripeRefused(GatewayError):
    """Stripe refused the request as ours to mend (4xx)."""

    code = "stripe_refused"


class StripeMismatch(GatewayError):
    """What Stripe holds does not match our row: amount, currency, customer or user."""

    code = "stripe_mismatch"


class UnknownPrice(StripeMismatch):
    """A subscription has a price that no tier version of ours has; the tier stays as it is."""

    code = "unknown_price"


class UnknownCustomer(StripeMismatch):
    """Something happened to a Stripe customer that no user of ours is."""

    code = "unknown_customer"


class Unavailable(BillingError):
    """Something that we need is away; try again."""

    status = 503
    code = "unavailable"
    title = Message("The service is unavailable")


class NoCatalog(Unavailable):
    """No default tier is on sale, so nobody can start: `catalog apply` was not run."""

    code = "no_catalog"
