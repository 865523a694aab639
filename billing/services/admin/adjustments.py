"""Token adjustments: an admin gives tokens or takes them, seen first and made once."""

from dataclasses import dataclass

from billing import clock
from billing.database import MAX_AMOUNT, transaction
from billing.domain.adjustments import LARGE_TOKENS, AdjustmentReason, Standing
from billing.domain.ledger import LotSource
from billing.errors import InvalidInput
from billing.messages import Message
from billing.models import User
from billing.observability.timing import log_service_operation
from billing.services import audit, due, emails, ledger, withdrawals
from billing.services.audit import Actor


@dataclass(frozen=True, slots=True)
class Adjustment:
    """What an admin wants: tokens with their sign, why, and whether the person is told."""

    tokens: int
    reason: AdjustmentReason
    note: str
    writes_email: bool
    idempotency_key: str

    @property
    def is_large(self) -> bool:
        """Whether the amount has to be typed again."""
        return abs(self.tokens) >= LARGE_TOKENS


@dataclass(frozen=True, slots=True)
class AdjustmentPreview:
    """What the person has and owes before and after."""

    before: Standing
    after: Standing


def preview(user: User, adjustment: Adjustment) -> AdjustmentPreview:
    """Say what the adjustment would do; nothing is changed.

    Args:
        user: whose tokens.
        adjustment: what is wanted.

    Raises:
        InvalidInput: there is nothing to do, or more to take than the person has free.
    """
    balance = due.read_current(user.id)
    if adjustment.tokens == 0 or abs(adjustment.tokens) > MAX_AMOUNT:
        raise InvalidInput(
            Message("Check the field."), errors={"tokens": Message("Enter a number that is not 0")}
        )
    if -adjustment.tokens > balance.available:
        problem = Message("There are only %(num)s tokens to take", num=balance.available)
        raise InvalidInput(Message("Check the field."), errors={"tokens": problem})
    before = Standing(balance.balance, balance.debt)
    return AdjustmentPreview(before, before.after(adjustment.tokens))


@log_service_operation
def adjust(user: User, adjustment: Adjustment, *, actor: Actor) -> AdjustmentPreview:
    """Make the adjustment, with its ledger line and its line in the audit log; again does nothing.

    Args:
        user: whose tokens.
        adjustment: what is wanted.
        actor: who does it.

    Returns:
        What it did.

    Raises:
        InvalidInput: as `preview`.
        IdempotencyMismatch: the key was used for another adjustment.
    """
    key = f"adjustment:{adjustment.idempotency_key}"
    with transaction() as session:
        balance = due.lock_current(session, user.id, clock.now())
        before = Standing(balance.balance, balance.debt)
        is_replay = _move(user, adjustment, key=key, actor=actor)
        after = Standing(balance.balance, balance.debt)
        done = AdjustmentPreview(before, after)
        if is_replay:
            return done
        audit.record(
            session,
            actor,
            "tokens.adjusted",
            subject=("user", user.id),
            before={"balance": before.balance, "debt": before.debt},
            after={"balance": after.balance, "debt": after.debt, "tokens": adjustment.tokens},
            reason=f"{adjustment.reason.sentence}: {adjustment.note}",
        )
        if adjustment.writes_email:
            emails.enqueue(
                user,
                "tokens_adjusted",
                dedupe_key=f"{key}:user:{user.id}",
                context={"tokens": adjustment.tokens, "balance": after.balance},
            )
    return done


def _move(user: User, adjustment: Adjustment, *, key: str, actor: Actor) -> bool:
    reason = adjustment.reason.sentence
    if adjustment.tokens < 0:
        taken = withdrawals.withdraw(
            user.id, -adjustment.tokens, reason=reason, actor=str(actor), idempotency_key=key
        )
        return taken.is_replay
    given = ledger.grant(
        user.id,
        adjustment.tokens,
        source=LotSource.GRANT,
        reason=reason,
        actor=str(actor),
        idempotency_key=key,
    )
    return given.is_replay
