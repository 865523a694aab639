"""Checks of metering: requests counted, the quota used up, tokens taken, and none left."""

from __future__ import annotations

from sqlalchemy import select

from billing import hold_ai_request, record_ai_request
from billing.database import db
from billing.errors import IdempotencyMismatch, InsufficientTokens
from billing.models import AiRequest, User
from billing.services import history, usage
from scripts.comprehensive.checks import Check, expect, refused
from scripts.comprehensive.stock import (
    CHAT,
    CHAT_COST,
    FREE_QUOTA,
    RUN,
    balance_of,
    newcomer,
)

KEY = f"{RUN}:request"


def _requests_are_tracked() -> str:
    user = newcomer()
    receipt = record_ai_request(user, CHAT, 2, idempotency_key=KEY)
    expect("the quota's part", receipt.from_quota, 2)
    quota = (receipt.quota.used, receipt.quota.limit, receipt.quota.remaining)
    expect("used, limit and remaining", quota, (2, FREE_QUOTA, FREE_QUOTA - 2))
    expect("the same key again", record_ai_request(user, CHAT, 2, idempotency_key=KEY), receipt)
    refused(IdempotencyMismatch, lambda: record_ai_request(user, CHAT, 1, idempotency_key=KEY))
    expect("requests in the log", [row.quantity for row in _requests(user)], [2])
    return f"2 of {FREE_QUOTA} used, logged once; the same key again counts nothing"


def _quota_runs_out() -> str:
    user = newcomer()
    record_ai_request(user, CHAT, FREE_QUOTA)
    expect("what remains", usage.summary(user).quota.remaining, 0)
    refusal = refused(InsufficientTokens, lambda: record_ai_request(user, CHAT))
    numbers = (refusal.members["balance"], refusal.members["required"])
    expect("balance and what is needed", numbers, (0, CHAT_COST))
    expect("used after the refusal", balance_of(user).quota_used, FREE_QUOTA)
    return f"request {FREE_QUOTA + 1} of {FREE_QUOTA} is refused with the numbers"


def _tokens_take_over() -> str:
    user = newcomer(tokens=10)
    receipt = record_ai_request(user, CHAT, FREE_QUOTA + 2)
    parts = (receipt.from_quota, receipt.from_tokens, receipt.tokens_charged)
    expect("by quota, by tokens, tokens", parts, (FREE_QUOTA, 2, 2 * CHAT_COST))
    expect("the balance", balance_of(user).balance, 10 - 2 * CHAT_COST)
    return f"{FREE_QUOTA} by the quota, 2 for {2 * CHAT_COST} tokens, in one request"


def _deduction_has_its_row() -> str:
    user = newcomer(tokens=10)
    record_ai_request(user, CHAT, FREE_QUOTA + 1)
    (request,) = _requests(user)
    row = (request.tokens_charged, request.balance_after)
    expect("charged, and the balance after", row, (CHAT_COST, 10 - CHAT_COST))
    lines = history.list_transactions(user.id).lines
    expect("the deltas that the user sees", [line.delta for line in lines], [-CHAT_COST, 10])
    expect("their sum", sum(line.delta for line in lines), balance_of(user).balance)
    return f"10 in, {CHAT_COST} out, each with its row; the rows add up to the balance"


def _too_few_tokens() -> str:
    user = newcomer(tokens=CHAT_COST)
    before = _standing(user)
    refusal = refused(InsufficientTokens, lambda: record_ai_request(user, CHAT, FREE_QUOTA + 2))
    numbers = (refusal.members["balance"], refusal.members["required"])
    expect("balance and what is needed", numbers, (CHAT_COST, 2 * CHAT_COST))
    expect("balance, quota and log after it", _standing(user), before)
    return "refused whole: neither quota nor tokens are touched"


def _hold_gives_back() -> str:
    user = newcomer(tokens=10)
    held = hold_ai_request(user, CHAT, FREE_QUOTA + 2)
    expect("tokens held", balance_of(user).held, 2 * CHAT_COST)
    held.settle(1)
    row = balance_of(user)
    expect("used, held, tokens held, balance", _counts(user), (1, 0, 0, 10))
    expect("what may be spent", row.available, 10)
    return f"{FREE_QUOTA + 2} held, 1 settled, the rest given back to quota and tokens"


def _requests(user: User) -> list[AiRequest]:
    return list(db.session.scalars(select(AiRequest).where(AiRequest.user_id == user.id)))


def _standing(user: User) -> tuple[int, int, int]:
    row = balance_of(user)
    return row.balance, row.quota_used, len(_requests(user))


def _counts(user: User) -> tuple[int, int, int, int]:
    row = balance_of(user)
    return row.quota_used, row.quota_held, row.held, row.balance


CHECKS = (
    Check("AI-request tracking and limit", _requests_are_tracked),
    Check("Quota exhaustion", _quota_runs_out),
    Check("Token fallback", _tokens_take_over),
    Check("Deduction and its transaction row", _deduction_has_its_row),
    Check("Insufficient tokens", _too_few_tokens),
    Check("Hold and settlement", _hold_gives_back),
)
