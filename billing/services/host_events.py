"""Host events: what the host is told of, put into the outbox in the transaction of the change."""

from datetime import datetime
from uuid import uuid4

from sqlalchemy import select

from billing import clock
from billing.database import insert_into, transaction
from billing.domain.ledger import TransactionKind
from billing.domain.moments import rfc3339
from billing.domain.statuses import SubscriptionStatus
from billing.errors import Member
from billing.models import HostWebhook, TokenTransaction, User, UserSubscription
from billing.observability.timing import log_service_operation

LINES_TOLD = {
    TransactionKind.GRANT: "tokens.granted",
    TransactionKind.CLAWBACK: "tokens.clawed_back",
    TransactionKind.WITHDRAW: "tokens.withdrawn",
}
ENDED = {SubscriptionStatus.CANCELED, SubscriptionStatus.INCOMPLETE_EXPIRED}


@log_service_operation
def emit(
    user_id: int, event_type: str, data: dict[str, Member], *, dedupe_key: str | None = None
) -> None:
    """Put an event for the host into the outbox; joins the transaction of the change.

    Args:
        user_id: whom it is about.
        event_type: such as `tokens.granted`.
        data: what the host needs to know; `user` is added.
        dedupe_key: a sentence such as `quota:7:80:2026-06-01`; the second event with it is dropped.
    """
    # Not flushed here: the caller may be in the middle of a change.
    with transaction() as session, session.no_autoflush:
        named = session.scalar(select(User.external_id).where(User.id == user_id))
        event_id = f"evt_{uuid4().hex}"
        session.execute(
            insert_into(HostWebhook)
            .values(
                event_id=event_id,
                user_id=user_id,
                type=event_type,
                dedupe_key=dedupe_key or event_id,
                data={"user": named or str(user_id), **data},
                attempts=0,
                next_attempt_at=clock.now(),
                created_at=clock.now(),
            )
            .on_conflict_do_nothing(index_elements=["dedupe_key"])
        )


def tell_of_line(line: TokenTransaction) -> None:
    """Tell the host of tokens that were granted or taken back.

    Args:
        line: a ledger line that was just written; other kinds are passed over.
    """
    event_type = LINES_TOLD.get(line.kind)
    if event_type is None:
        return
    emit(
        line.user_id,
        event_type,
        {
            "object": "token_transaction",
            "id": line.reference,
            "tokens": abs(line.delta),
            "token_balance": line.balance_after,
            "debt": line.debt_after,
            "source": str(line.source),
            "reason": line.reason,
        },
        dedupe_key=f"line:{line.reference}",
    )


def tell_of_subscription(row: UserSubscription, *, before: dict[str, str | bool | None]) -> None:
    """Tell the host what a subscription has become.

    Args:
        row: as it is now.
        before: its summary before the change: tier, status, interval and the like.
    """
    data = _subscription(row, before)
    emit(row.user_id, "subscription.changed", data)
    was, now = before.get("status"), row.status
    if now == SubscriptionStatus.PAST_DUE and was != now:
        emit(row.user_id, "subscription.past_due", data)
    if row.ended_at is not None and now in ENDED and was not in ENDED:
        emit(row.user_id, "subscription.ended", data)


def _subscription(row: UserSubscription, before: dict[str, str | bool | None]) -> dict[str, Member]:
    return {
        "object": "subscription",
        "tier": row.tier.slug,
        "status": str(row.status),
        "interval": row.interval,
        "current_period_end": _text(row.current_period_end),
        "ends_at": _text(row.ends_at),
        "grace_until": _text(row.grace_until),
        "previous": dict(before),
    }


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else rfc3339(moment)
