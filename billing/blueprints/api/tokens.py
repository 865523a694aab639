"""Tokens: what a user has, what happened to them, and buying more."""

from typing import Annotated

from pydantic import Field

from billing.blueprints.api.documents import BalanceDocument, TransactionDocument, UrlDocument
from billing.blueprints.api.pages import Purchase, return_pages
from billing.errors import (
    AccountInactive,
    GatewayError,
    GatewayUnavailable,
    PackageNotFound,
    TierNotForSale,
    UserNotFound,
)
from billing.services import checkout, usage
from billing.services.history import PAGE_LIMIT
from billing.web import gateway
from billing.web.api.call import Call
from billing.web.api.declaration import Section
from billing.web.api.documents import Listing, Slug, Text, UserQuery

section = Section("Tokens")


class HistoryQuery(UserQuery):
    """Which page of the history."""

    limit: Annotated[int, Field(ge=1, le=PAGE_LIMIT)] = 25
    cursor: Annotated[Text, Field(min_length=1, max_length=40)] | None = Field(
        None, description="The `next_cursor` of the page before."
    )


class NewTokenCheckout(Purchase):
    """Which package the user is to buy."""

    package: Slug


@section.get("/tokens/balance", raises=(UserNotFound, AccountInactive))
def get_balance(call: Call, query: UserQuery) -> BalanceDocument:  # noqa: ARG001
    """Return the user's tokens."""
    tokens = usage.summary(call.stand_in()).tokens
    return BalanceDocument(
        user=call.user_reference,
        balance=tokens.balance,
        held=tokens.held,
        available=tokens.available,
        debt=tokens.debt,
    )


@section.get("/tokens/transactions", raises=(UserNotFound, AccountInactive))
def list_transactions(call: Call, query: HistoryQuery) -> Listing[TransactionDocument]:
    """List what happened to the user's tokens and quota, newest first."""
    page = usage.list_transactions(call.user_id, after=query.cursor, limit=query.limit)
    lines = [TransactionDocument.of(line) for line in page.lines]
    return Listing(data=lines, next_cursor=page.next_cursor)


@section.post(
    "/tokens/checkout",
    status=201,
    raises=(
        PackageNotFound,
        TierNotForSale,
        UserNotFound,
        AccountInactive,
        GatewayError,
        GatewayUnavailable,
    ),
)
def start_token_checkout(call: Call, body: NewTokenCheckout) -> UrlDocument:
    """Start buying a token package; send the person to `url`."""
    url = checkout.start_tokens(
        call.load_user(),
        package_slug=body.package,
        pages=return_pages(body, package=body.package),
        gateway=gateway.current(),
    )
    return UrlDocument(url=url)
