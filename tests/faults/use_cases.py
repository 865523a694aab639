"""Use cases that change a user's rows: what comes before each, and what counts afterwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from billing.database import db, transaction
from billing.domain.ledger import LotSource
from billing.models import (
    AiRequest,
    Email,
    Hold,
    Invoice,
    Order,
    Refund,
    RevenueMovement,
    TokenLot,
    TokenTransaction,
    User,
    UserSubscription,
    UserTokenBalance,
)
from billing.services import holds, ledger, metering
from tests import factories
from tests.shop import Shop

SEEN: dict[Any, tuple[str, ...]] = {
    AiRequest: ("quantity", "from_quota", "tokens_charged"),
    Email: ("kind",),
    Hold: ("quantity", "from_quota", "tokens", "state"),
    Invoice: ("status", "total_minor", "amount_paid_minor", "amount_refunded_minor"),
    Order: ("kind", "item", "state", "amount_paid_minor", "amount_refunded_minor"),
    Refund: ("status", "amount_minor"),
    RevenueMovement: ("kind", "delta_minor"),
    TokenLot: ("source", "tokens", "remaining", "held", "expired", "clawed_back", "owed"),
    TokenTransaction: ("kind", "delta", "balance_after", "debt_after"),
    UserSubscription: ("tier_version_id", "status", "interval", "cancel_at_period_end"),
    UserTokenBalance: ("balance", "held", "debt", "quota_limit", "quota_used", "quota_held"),
}
"""What counts of a user's rows: everything but names, keys and moments."""
State = dict[str, list[tuple[Any, ...]]]


@dataclass
class Scene:
    """Somebody new, and what a use case keeps from what comes before it.

    The user is looked up each time: whatever was loaded may have died with its process.
    """

    shop: Shop
    email: str
    kept: Any = None

    @property
    def user(self) -> User:
        return db.session.scalars(select(User).where(User.email == self.email)).one()

    def state(self) -> State:
        """Return what there is of the user, in no order that depends on when it came."""
        db.session.rollback()
        mine = select(User.id).where(User.email == self.email).scalar_subquery()
        found = {}
        for model, names in SEEN.items():
            rows = select(*(getattr(model, name) for name in names)).where(model.user_id == mine)
            found[model.__tablename__] = sorted(map(tuple, db.session.execute(rows)), key=repr)
        return found

    def join(self) -> None:
        """Be a user; a second time, still the same."""
        if db.session.scalar(select(User.id).where(User.email == self.email)) is None:
            factories.account(self.email)

    def charge(self, quantity: int) -> None:
        with transaction():
            metering.record(self.user, "ai_chat", quantity, idempotency_key="once")

    def give(self) -> None:
        """Get 40 tokens, once."""
        self.join()
        self.kept = ledger.grant(
            self.user.id,
            40,
            source=LotSource.GRANT,
            reason="A gift",
            actor="test",
            idempotency_key="gift",
        ).lot_id

    def spend_a_gift(self) -> None:
        self.give()
        metering.record(self.user, "ai_chat", 60)

    def take_back(self) -> None:
        reason = {"reason": "By mistake", "actor": "test", "idempotency_key": "back"}
        ledger.clawback(self.user.id, 40, lot_id=self.kept, **reason)

    def hold(self) -> None:
        self.kept = holds.hold(self.user, "ai_chat", 60, idempotency_key="held").id

    def have_held(self) -> None:
        self.give()
        self.hold()

    def settle(self, quantity: int) -> None:
        if holds.is_open(self.user.id, self.kept):
            holds.settle(self.user.id, self.kept, quantity)

    def release(self) -> None:
        holds.release(self.user.id, self.kept)

    def buy(self, choose: Callable[[Shop, User], str]) -> None:
        """Choose and pay at Stripe; what it tells waits."""
        self.join()
        self.wait_for(lambda: self.shop.pay(choose(self.shop, self.user)))

    def wait_for(self, happens: Callable[[], object]) -> None:
        """Let it happen at Stripe, and keep the events."""
        known = {each["id"] for each in self.shop.events()}
        happens()
        self.kept = [each for each in self.shop.events() if each["id"] not in known]

    def have_tokens_refunded(self) -> None:
        """Buy 500 tokens, use 230 of them, and get the money back at Stripe."""
        self.buy(Shop.choose_package)
        self.hear()
        self.charge(250)
        stripe, customer = self.shop.dashboard.v1, self.user.stripe_customer_id or ""
        charge = stripe.charges.list({"customer": customer}).data[0]
        self.wait_for(lambda: stripe.refunds.create({"charge": charge.id}))

    def hear(self) -> None:
        """Be told by Stripe what waits."""
        for each in self.kept:
            assert self.shop.deliver(each) == 200


@dataclass(frozen=True)
class UseCase:
    """One thing that happens to a user's rows; `is_whole` when in a single transaction."""

    name: str
    do: Callable[[Scene], object]
    before: Callable[[Scene], object] = Scene.join
    is_whole: bool = True

    def __str__(self) -> str:
        return self.name


USE_CASES = (
    UseCase("sign-up", Scene.join, before=lambda _nobody: None),
    UseCase("AI request from the quota", lambda s: s.charge(3)),
    UseCase("AI request, half of it in tokens", lambda s: s.charge(60), before=Scene.give),
    UseCase("hold", Scene.hold, before=Scene.give),
    UseCase("settle less than was held", lambda s: s.settle(15), before=Scene.have_held),
    UseCase("settle more than was held", lambda s: s.settle(75), before=Scene.have_held),
    UseCase("release a hold", Scene.release, before=Scene.have_held),
    UseCase("grant", Scene.give),
    UseCase("clawback of what was spent", Scene.take_back, before=Scene.spend_a_gift),
    UseCase(
        "webhooks of a purchase of tokens",
        Scene.hear,
        before=lambda s: s.buy(Shop.choose_package),
        is_whole=False,
    ),
    UseCase(
        "webhooks of a purchase of a plan",
        Scene.hear,
        before=lambda s: s.buy(Shop.choose_tier),
        is_whole=False,
    ),
    UseCase("webhooks of a refund", Scene.hear, before=Scene.have_tokens_refunded, is_whole=False),
)
