"""Data export: all that is kept of one person, section by section, however much it is."""

from collections.abc import Iterator
from typing import Any, TypeAlias

from sqlalchemy import select

from billing.database import Model, db
from billing.domain.moments import rfc3339
from billing.models import (
    AiRefusal,
    AiRequest,
    ApiKey,
    Email,
    Feature,
    Invoice,
    Order,
    Refund,
    TokenTransaction,
    User,
    UserSession,
)

PAGE = 1_000

Row: TypeAlias = dict[str, Any]

# What each row tells: never a hash, a secret, or what is about our own work only.
COLUMNS: dict[type[Model], str] = {
    ApiKey: "prefix name scopes created_at last_used_at expires_at revoked_at",
    UserSession: "user_agent created_at last_seen_at",
    Order: "id kind interval amount_minor amount_paid_minor amount_refunded_minor currency tokens "
    "bonus_tokens state created_at paid_at",
    Invoice: "number status description total_minor amount_paid_minor amount_refunded_minor "
    "currency issued_at",
    Refund: "amount_minor currency status issued_at",
    Email: "kind subject to_address created_at sent_at",
    AiRefusal: "reference feature_key quantity code quota_limit quota_used balance required "
    "created_at",
    TokenTransaction: "reference kind delta balance_after debt_after source reason created_at",
    AiRequest: "reference quantity from_quota tokens_charged quota_limit quota_used balance_after "
    "idempotency_key created_at",
}
ACCOUNT = "id external_id email email_verified_at locale time_zone stripe_customer_id created_at"
SUBSCRIPTION = (
    "status interval current_period_start current_period_end cancel_at_period_end trial_end "
    "ended_at card_brand card_last4"
)


def profile(user: User) -> Row:
    """Return what the account itself says, with the subscription and the token balance.

    Args:
        user: a stored user.
    """
    subscription, balance = user.subscription, user.token_balance
    return {
        "account": _row(user, ACCOUNT),
        "subscription": {"tier": subscription.tier.slug} | _row(subscription, SUBSCRIPTION),
        "tokens": _row(balance, "balance held debt"),
        "quota": _row(balance, "quota_limit quota_used period_start period_end"),
    }


def sections(user: User) -> Iterator[tuple[str, Iterator[Row]]]:
    """Yield each list's name and its rows, oldest first; at most a page is in memory.

    Args:
        user: a stored user.
    """
    user_id = user.id
    yield "api_keys", _rows(ApiKey, user_id)
    yield "logins", _rows(UserSession, user_id)
    yield "orders", _rows(Order, user_id)
    yield "invoices", _rows(Invoice, user_id)
    yield "refunds", _rows(Refund, user_id)
    yield "emails", _rows(Email, user_id)
    yield "token_transactions", _rows(TokenTransaction, user_id)
    yield "ai_requests", _requests(user_id)
    yield "ai_refusals", _rows(AiRefusal, user_id)


def _rows(table: type[Any], user_id: int) -> Iterator[Row]:
    # The ledger's tables number their rows by user, the others by themselves.
    number = table.entry if hasattr(table, "entry") else table.id
    after = 0
    while page := _page(table, number, user_id, after):
        yield from (_row(row, COLUMNS[table]) for row in page)
        after = getattr(page[-1], number.key)
        db.session.expunge_all()


def _requests(user_id: int) -> Iterator[Row]:
    features = dict(db.session.execute(select(Feature.id, Feature.key)).all())
    after = 0
    while page := _page(AiRequest, AiRequest.entry, user_id, after):
        for request in page:
            yield {"feature": features.get(request.feature_id)} | _row(request, COLUMNS[AiRequest])
        after = page[-1].entry
        db.session.expunge_all()


def _page(table: type[Any], number: Any, user_id: int, after: int) -> list[Any]:
    rows = select(table).where(table.user_id == user_id, number > after).order_by(number)
    return list(db.session.scalars(rows.limit(PAGE)))


def _row(row: Model, names: str) -> Row:
    values = {name: getattr(row, name) for name in names.split()}
    return {
        name: rfc3339(value) if hasattr(value, "isoformat") else value
        for name, value in values.items()
    }
