"""Users with a quota and tokens, for every test that touches the ledger."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from itertools import count

from sqlalchemy import select

from billing import clock
from billing.database import transaction
from billing.domain.ledger import LotSource
from billing.models import Feature, SubscriptionTier, TierVersion, TokenLot, User
from billing.services import due, ledger, lots, quotas, users
from billing.services.ledger import GrantReceipt

COSTS = {"chat": 1, "mentor": 5, "images": 20, "exports": 0}
INCLUDED = ("chat", "mentor", "exports")


@dataclass
class Ledger:
    """A small catalog: `chat` costs 1 token, `mentor` 5; `images` is in no tier."""

    numbers: count[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        with transaction() as session:
            features = {
                key: Feature(key=key, name=key.title(), token_cost=cost, is_metered=cost > 0)
                for key, cost in COSTS.items()
            }
            session.add_all(features.values())
            self.features = features
        self.tier(20, is_default=True)

    def tier(self, quota: int | None, *, is_default: bool = False) -> TierVersion:
        """Return the terms of a new tier with this quota."""
        number = next(self.numbers)
        with transaction() as session:
            tier = SubscriptionTier(
                slug=f"tier{number}", name="Tier", rank=number, is_default=is_default
            )
            version = TierVersion(
                tier=tier,
                version=1,
                price_month_minor=0,
                price_year_minor=0,
                currency="USD",
                ai_requests_per_month=quota,
                features=[self.features[key] for key in INCLUDED],
            )
            session.add(version)
        return version

    def user(self, *, quota: int | None = 20, tokens: int = 0) -> User:
        """Return a new user with this quota, and one lot of tokens that never expires."""
        user = users.create(f"person{next(self.numbers)}@example.org", actor="test")
        if quota != 20:
            anchor = user.token_balance.anchor
            quotas.follow_tier(user.id, tier_version=self.tier(quota), anchor=anchor)
        if tokens:
            self.grant(user, tokens)
        return user

    def grant(self, user: User, tokens: int, *, expires_at: datetime | None = None) -> GrantReceipt:
        """Give the user a lot of tokens."""
        return ledger.grant(
            user.id,
            tokens,
            source=LotSource.GRANT,
            reason="A gift",
            actor="test",
            idempotency_key=f"gift:{next(self.numbers)}",
            expires_at=expires_at,
        )


def lots_of(user: User) -> dict[int, int]:
    """Return what each of the user's lots has left, settled first."""
    with transaction() as session:
        balance = due.lock_current(session, user.id, clock.now())
        lots.settle(session, balance)
        owned = session.scalars(select(TokenLot).where(TokenLot.user_id == user.id))
        return {lot.id: lot.remaining for lot in owned}
