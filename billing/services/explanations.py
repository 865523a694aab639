"""Explanations: why a request was paid as it was, or refused, told from the rows alone."""

import re
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing import clock
from billing.database import transaction
from billing.domain import ledger_reasons
from billing.domain.explanations import Explanation, LotShare
from billing.errors import EntryNotFound
from billing.messages import Message
from billing.models import (
    AiRefusal,
    AiRequest,
    Feature,
    Hold,
    LotBurn,
    TierVersion,
    TokenLot,
    TokenTransaction,
)
from billing.observability.timing import log_service_operation
from billing.services import due, lots

REQUEST = re.compile(r"air_(\d{1,18})_(\d{1,18})", re.ASCII)
REFUSAL = re.compile(r"ref_(\d{1,18})", re.ASCII)
HOLD = re.compile(r"hold_(\d{1,18})", re.ASCII)
LINE = re.compile(r"txn_(\d{1,18})_(\d{1,18})", re.ASCII)


@log_service_operation
def explain(reference: str, *, owner_id: int | None = None) -> Explanation:
    """Return the reasons of one decision: a request, a refusal, a hold or a ledger line.

    Args:
        reference: the id of a receipt, of a refusal's error, of a hold, or of a history line.
        owner_id: the user whom it must be about; None for an operator, who may ask about any.

    Raises:
        EntryNotFound: nothing of this user has this id.
    """
    with transaction() as session:
        for pattern, tell in TELLERS.items():
            found = pattern.fullmatch(reference)
            if found is not None:
                explanation = tell(session, [int(number) for number in found.groups()])
                if explanation is not None and owner_id in {None, explanation.user_id}:
                    return explanation
    raise EntryNotFound("No request, refusal, hold or ledger line has this id.")


def _tell_request(session: Session, numbers: Sequence[int]) -> Explanation | None:
    request = session.get(AiRequest, tuple(numbers))
    if request is None:
        return None
    lots.settle(session, due.lock_current(session, request.user_id, clock.now()))
    session.flush()  # what was settled just now pays for this request too
    shares = _list_shares(session, request)
    return Explanation(
        id=request.reference,
        user_id=request.user_id,
        decision="recorded",
        feature=session.get_one(Feature, request.feature_id).key,
        quantity=request.quantity,
        tier=_tier(session, request.tier_version_id),
        created_at=request.created_at,
        steps=(
            *_hold_steps(session, request),
            *_quota_steps(request),
            *_token_steps(request),
        ),
        lots=tuple(shares),
    )


def _hold_steps(session: Session, request: AiRequest) -> list[str]:
    if request.hold_id is None:
        return [Message("Your plan includes the feature, or it was given to you.")]
    hold = session.get_one(Hold, request.hold_id)
    steps: list[str] = [
        Message(
            "It settles %(hold)s, which reserved %(quantity)s: %(from_quota)s from the quota, "
            "%(tokens)s tokens.",
            hold=hold.reference,
            quantity=hold.quantity,
            from_quota=hold.from_quota,
            tokens=hold.tokens,
        )
    ]
    if hold.settled_entry != request.entry:
        steps.append(Message("It is what the work came to beyond the hold."))
    if hold.shortfall:
        steps.append(
            Message(
                "%(shortfall)s beyond it could not be drawn, and are the shortfall.",
                shortfall=hold.shortfall,
            )
        )
    return steps


def _quota_steps(request: AiRequest) -> list[str]:
    steps: list[str] = [
        Message(
            "Quota first: %(from_quota)s of %(quantity)s. Used before %(before)s, after %(after)s, "
            "held %(held)s, limit %(limit)s.",
            from_quota=request.from_quota,
            quantity=request.quantity,
            before=request.quota_used - request.from_quota,
            after=request.quota_used,
            held=request.quota_held,
            limit=_limit(request.quota_limit),
        )
    ]
    period = Message(
        "The quota is that of %(start)s to %(end)s.",
        start=request.period_start,
        end=request.resets_at,
    )
    return [*steps, period]


def _token_steps(request: AiRequest) -> list[str]:
    from_tokens = request.quantity - request.from_quota
    if from_tokens == 0:
        return [Message("No tokens: the quota covered it.")]
    return [
        Message(
            "Then tokens: %(requests)s at %(each)s each are %(charged)s. Balance before "
            "%(before)s, after %(after)s.",
            requests=from_tokens,
            each=request.tokens_charged // from_tokens,
            charged=request.tokens_charged,
            before=request.balance_after + request.tokens_charged,
            after=request.balance_after,
        ),
        Message("The lots that expire first paid first; lots that never expire came last."),
    ]


def _limit(limit: int | None) -> int | str:
    return "unlimited" if limit is None else limit


def _list_shares(session: Session, request: AiRequest) -> list[LotShare]:
    spent_from, spent_to = request.spent_total - request.tokens_charged, request.spent_total
    drawn = (
        select(LotBurn, TokenLot)
        .join(TokenLot, TokenLot.id == LotBurn.lot_id)
        .where(
            LotBurn.user_id == request.user_id,
            LotBurn.spent_from < spent_to,
            LotBurn.spent_to > spent_from,
        )
        .order_by(LotBurn.spent_from)
    )
    return [
        LotShare(
            lot_id=lot.id,
            source=lot.source,
            tokens=min(burn.spent_to, spent_to) - max(burn.spent_from, spent_from),
            expires_at=lot.expires_at,
            order_id=lot.order_id,
            history=_history(session, lot),
        )
        for burn, lot in session.execute(drawn)
    ]


def _history(session: Session, lot: TokenLot) -> tuple[str, ...]:
    lines = select(TokenTransaction).where(TokenTransaction.lot_id == lot.id)
    return tuple(
        Message(
            "%(line)s: %(delta)s tokens, %(reason)s",
            line=line.reference,
            delta=line.delta,
            reason=ledger_reasons.read(line.reason),
        )
        for line in session.scalars(lines.order_by(TokenTransaction.entry))
    )


def _tell_refusal(session: Session, numbers: Sequence[int]) -> Explanation | None:
    refusal = session.get(AiRefusal, numbers[0])
    if refusal is None:
        return None
    steps = [Message("Refused: %(code)s.", code=refusal.code)]
    if refusal.code == "insufficient_tokens":
        steps += [
            Message(
                "Quota first: used %(used)s, held %(held)s, limit %(limit)s, resets %(resets)s.",
                used=refusal.quota_used,
                held=refusal.quota_held,
                limit=_limit(refusal.quota_limit),
                resets=refusal.resets_at,
            ),
            Message(
                "Then tokens: %(required)s were needed, the balance was %(balance)s, of which "
                "%(held)s were held.",
                required=refusal.required,
                balance=refusal.balance,
                held=refusal.held,
            ),
        ]
    else:
        steps.append(Message("Your plan does not include the feature."))
    return Explanation(
        id=refusal.reference,
        user_id=refusal.user_id,
        decision="refused",
        feature=refusal.feature_key,
        quantity=refusal.quantity,
        tier=_tier(session, refusal.tier_version_id),
        created_at=refusal.created_at,
        steps=tuple(steps),
    )


def _tell_hold(session: Session, numbers: Sequence[int]) -> Explanation | None:
    hold = session.get(Hold, numbers[0])
    if hold is None:
        return None
    steps = [
        Message(
            "Reserved %(quantity)s: %(from_quota)s from the quota, %(tokens)s tokens.",
            quantity=hold.quantity,
            from_quota=hold.from_quota,
            tokens=hold.tokens,
        ),
        Message("It is %(state)s; its time ends %(end)s.", state=hold.state, end=hold.expires_at),
    ]
    if hold.settled_entry is not None:
        request = f"air_{hold.user_id}_{hold.settled_entry}"
        steps.append(Message("Settled into %(request)s.", request=request))
    if hold.shortfall:
        steps.append(
            Message("%(shortfall)s beyond it could not be drawn.", shortfall=hold.shortfall)
        )
    return Explanation(
        id=hold.reference,
        user_id=hold.user_id,
        decision=hold.state,
        feature=hold.feature.key,
        quantity=hold.quantity,
        tier=_tier(session, hold.tier_version_id),
        created_at=hold.created_at,
        steps=tuple(steps),
    )


def _tell_line(session: Session, numbers: Sequence[int]) -> Explanation | None:
    line = session.get(TokenTransaction, tuple(numbers))
    if line is None:
        return None
    balance = due.lock_current(session, line.user_id, clock.now())
    return Explanation(
        id=line.reference,
        user_id=line.user_id,
        decision=line.kind,
        feature="",
        quantity=0,
        tier=_tier(session, balance.tier_version_id),
        created_at=line.created_at,
        steps=(
            Message(
                "%(delta)s tokens by %(actor)s: %(reason)s.",
                delta=line.delta,
                actor=line.actor,
                reason=ledger_reasons.read(line.reason),
            ),
            Message(
                "Balance after %(balance)s, debt after %(debt)s.",
                balance=line.balance_after,
                debt=line.debt_after,
            ),
            *_history(session, line.lot),
        ),
    )


def _tier(session: Session, tier_version_id: int) -> str:
    version = session.get_one(TierVersion, tier_version_id)
    return Message("%(tier)s, version %(number)s", tier=version.tier.name, number=version.version)


TELLERS = {
    REQUEST: _tell_request,
    REFUSAL: _tell_refusal,
    HOLD: _tell_hold,
    LINE: _tell_line,
}
