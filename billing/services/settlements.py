"""Settlements: a hold becomes AI requests, out of exactly the quota and the lots that it kept."""

from datetime import datetime

import structlog
from sqlalchemy.orm import Session

from billing.domain.ledger import HoldState
from billing.domain.metering import Quota, Receipt
from billing.models import AiRequest, Hold, QuotaPeriod, User, UserTokenBalance
from billing.observability import decisions
from billing.services import lots, reservations

log = structlog.get_logger(__name__)


def release(session: Session, balance: UserTokenBalance, hold: Hold, now: datetime) -> None:
    """Give back all of an open hold.

    Args:
        session: the session of the open transaction.
        balance: the locked row, up to date.
        hold: an open hold of the user.
        now: aware UTC.
    """
    lots.settle(session, balance)
    reservations.give_back(session, balance, hold, state=HoldState.RELEASED, now=now)
    log.info("hold.released", user_id=hold.user_id, hold=hold.reference)


def settle(
    session: Session, balance: UserTokenBalance, hold: Hold, *, quantity: int, now: datetime
) -> tuple[Receipt, ...]:
    """Charge an open hold: what it kept first, then beyond it what the user has.

    Args:
        session: the session of the open transaction.
        balance: the locked row, up to date.
        hold: an open hold of the user.
        quantity: how many requests it came to, at least 1.
        now: aware UTC.
    """
    lots.settle(session, balance)
    reservations.give_back(session, balance, hold, state=HoldState.SETTLED, now=now)
    requests = [
        _charge_kept(session, balance, hold, quantity=min(quantity, hold.quantity), now=now)
    ]
    hold.settled_entry = requests[0].entry
    if quantity > hold.quantity:
        requests += _charge_beyond(session, balance, hold, excess=quantity - hold.quantity, now=now)
    log.info(
        "hold.settled",
        user_id=hold.user_id,
        hold=hold.reference,
        quantity=quantity,
        shortfall=hold.shortfall,
    )
    user = session.get_one(User, hold.user_id)
    receipts = [_receipt(request, user, hold.feature.key) for request in requests]
    decisions.count_all(receipts)
    return tuple(receipts)


def _charge_kept(
    session: Session, balance: UserTokenBalance, hold: Hold, *, quantity: int, now: datetime
) -> AiRequest:
    from_quota = min(quantity, hold.from_quota)
    tokens = (quantity - from_quota) * hold.token_cost
    balance.balance -= tokens
    balance.spent_total += tokens
    unpaid = tokens
    for part in hold.lots:
        share = min(unpaid, part.tokens)
        lots.burn(session, balance, part.lot, share)
        unpaid -= share
    request = _request(balance, hold, quantity=quantity, from_quota=from_quota, tokens=tokens)
    request.created_at = now
    if hold.period_start == balance.period_start:
        balance.quota_used += from_quota
        _stamp(request, balance.quota, balance.period_start)
    else:
        closed = session.get_one(QuotaPeriod, (hold.user_id, hold.period_start))
        closed.used += from_quota
        quota = Quota(closed.quota_limit, closed.used, closed.period_end, closed.held)
        _stamp(request, quota, closed.period_start)
    session.add(request)
    return request


def _charge_beyond(
    session: Session, balance: UserTokenBalance, hold: Hold, *, excess: int, now: datetime
) -> list[AiRequest]:
    from_quota = balance.quota.covers(excess)
    from_tokens = min(excess - from_quota, balance.available // hold.token_cost)
    hold.shortfall = excess - from_quota - from_tokens
    if from_quota + from_tokens == 0:
        return []
    tokens = from_tokens * hold.token_cost
    balance.balance -= tokens
    balance.spent_total += tokens
    balance.quota_used += from_quota
    request = _request(
        balance, hold, quantity=from_quota + from_tokens, from_quota=from_quota, tokens=tokens
    )
    request.created_at = now
    _stamp(request, balance.quota, balance.period_start)
    session.add(request)
    return [request]


def _request(
    balance: UserTokenBalance, hold: Hold, *, quantity: int, from_quota: int, tokens: int
) -> AiRequest:
    return AiRequest(
        user_id=hold.user_id,
        entry=balance.next_entry(),
        feature_id=hold.feature_id,
        tier_version_id=hold.tier_version_id,
        quantity=quantity,
        from_quota=from_quota,
        tokens_charged=tokens,
        balance_after=balance.balance,
        spent_total=balance.spent_total,
        hold_id=hold.id,
    )


def _stamp(request: AiRequest, quota: Quota, period_start: datetime) -> None:
    request.quota_limit = quota.limit
    request.quota_used = quota.used
    request.quota_held = quota.held
    request.resets_at = quota.resets_at
    request.period_start = period_start


def _receipt(request: AiRequest, user: User, feature_key: str) -> Receipt:
    return Receipt(
        id=request.reference,
        user=user.external_id or str(user.id),
        feature=feature_key,
        quantity=request.quantity,
        from_quota=request.from_quota,
        tokens_charged=request.tokens_charged,
        quota=Quota(request.quota_limit, request.quota_used, request.resets_at, request.quota_held),
        token_balance=request.balance_after,
        created_at=request.created_at,
    )
