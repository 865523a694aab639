"""What the checks work with: a small catalog and new users, which no commit ever sees."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

from billing.database import db
from billing.domain.catalog import FeatureEntry, PackageEntry, TierEntry
from billing.domain.ledger import LotSource
from billing.models import User, UserTokenBalance
from billing.services import catalog, ledger, users

ACTOR = "comprehensive-check"
# Names that no deployed catalog has; `.invalid` belongs to nobody.
RUN = f"check-{uuid4().hex[:12]}"
EMAIL = f"user@{RUN}.invalid"
CHAT, MENTOR = f"{RUN}-chat", f"{RUN}-mentor"
FREE, PAID, PACKAGE = f"{RUN}-free", f"{RUN}-paid", f"{RUN}-tokens"
FREE_QUOTA, PAID_QUOTA = 3, 10
CHAT_COST, MENTOR_COST = 2, 5

FREE_TIER = TierEntry(
    name="Check free",
    rank=0,
    default=True,
    currency="USD",
    price_month=0,
    price_year=0,
    ai_requests_per_month=FREE_QUOTA,
    features=(CHAT,),
)
PAID_TIER = replace(
    FREE_TIER,
    name="Check paid",
    default=False,
    price_month=1900,
    price_year=19000,
    ai_requests_per_month=PAID_QUOTA,
    features=(CHAT, MENTOR),
)
TOKEN_PACKAGE = PackageEntry(
    name="Check tokens", tokens=100, bonus_tokens=10, currency="USD", price=500
)


def put_on_sale() -> None:
    """Put a free and a paid tier and a package beside what the instance sells."""
    on_sale = catalog.export()
    rank = free_rank()
    tiers = {slug: replace(each, default=False) for slug, each in on_sale.tiers.items()}
    tiers[FREE] = replace(FREE_TIER, rank=rank)
    tiers[PAID] = replace(PAID_TIER, rank=rank + 1)
    features = {
        **on_sale.features,
        CHAT: FeatureEntry(name="Check chat", metered=True, token_cost=CHAT_COST),
        MENTOR: FeatureEntry(name="Check mentor", metered=True, token_cost=MENTOR_COST),
    }
    packages = {**on_sale.packages, PACKAGE: TOKEN_PACKAGE}
    document = replace(on_sale, features=features, tiers=tiers, packages=packages)
    catalog.apply(document, actor=ACTOR)


def free_rank() -> int:
    """Return a rank above every tier on sale."""
    return max((tier.rank for tier in catalog.list_tiers()), default=0) + 1


def newcomer(*, tokens: int = 0) -> User:
    """Return a new user on the free tier, with tokens that were granted."""
    put_on_sale()
    user = users.create(EMAIL, actor=ACTOR)
    if tokens:
        ledger.grant(
            user.id,
            tokens,
            source=LotSource.GRANT,
            reason="Comprehensive check",
            actor=ACTOR,
            idempotency_key=f"{RUN}:grant",
        )
    return user


def balance_of(user: User) -> UserTokenBalance:
    """Return the user's balance as the database has it now."""
    return db.session.get_one(UserTokenBalance, user.id, populate_existing=True)
