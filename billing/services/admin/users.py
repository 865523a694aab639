"""Users at the desk: the list, and the record of one with what belongs to them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import contains_eager, joinedload

from billing.database import db
from billing.domain.history import HistoryLine
from billing.domain.statuses import OrderKind, OrderState, SubscriptionStatus
from billing.errors import UserNotFound
from billing.messages import Message
from billing.models import (
    Email,
    Invoice,
    Order,
    SubscriptionTier,
    TierVersion,
    TokenLot,
    User,
    UserSession,
    UserSubscription,
    UserTokenBalance,
)
from billing.services import due, history, provisioning
from billing.services.admin.listing import Column, Condition, Listing

Row = TypeVar("Row")

SHOWN = 10
"""How many of each kind the record of a user shows."""


@dataclass(frozen=True, slots=True)
class UserRecord:
    """A user, and the newest of everything that belongs to them."""

    user: User
    balance: UserTokenBalance
    lots: Sequence[TokenLot]
    history: Sequence[HistoryLine]
    invoices: Sequence[Invoice]
    orders: Sequence[Order]
    emails: Sequence[Email]
    sessions: Sequence[UserSession]


def listing() -> Listing[User]:
    """Describe the list of all users, with their subscriptions and balances."""
    tiers = db.session.execute(
        select(SubscriptionTier.slug, SubscriptionTier.name).order_by(SubscriptionTier.rank)
    ).all()
    rows = (
        select(User)
        .join(UserSubscription, UserSubscription.user_id == User.id)
        .join(UserTokenBalance, UserTokenBalance.user_id == User.id)
        .join(TierVersion, TierVersion.id == UserSubscription.tier_version_id)
        .join(SubscriptionTier, SubscriptionTier.id == TierVersion.tier_id)
    )
    return Listing(
        rows=rows,
        key=(User.id,),
        moment=User.created_at,
        options=(
            contains_eager(User.subscription)
            .contains_eager(UserSubscription.tier_version)
            .contains_eager(TierVersion.tier),
            contains_eager(User.token_balance),
        ),
        search=_matches,
        sorts={
            "created": User.id,
            "email": User.email,
            "tier": SubscriptionTier.rank,
            "balance": UserTokenBalance.balance,
            "debt": UserTokenBalance.debt,
        },
        choices={
            "tier": {tier.slug: SubscriptionTier.slug == tier.slug for tier in tiers},
            "status": {status: UserSubscription.status == status for status in SubscriptionStatus},
            "account": {
                "open": User.disabled_at.is_(None) & User.closed_at.is_(None),
                "disabled": User.disabled_at.is_not(None) & User.closed_at.is_(None),
                "closed": User.closed_at.is_not(None),
            },
            "debt": {"yes": UserTokenBalance.debt > 0, "no": UserTokenBalance.debt == 0},
            "role": {"admin": User.is_admin.is_(True), "user": User.is_admin.is_(False)},
        },
        called={tier.slug: tier.name for tier in tiers},
    )


def get(user_id: int) -> User:
    """Return the user with subscription, tier and balance loaded.

    Raises:
        UserNotFound: there is no such user.
    """
    user = db.session.scalar(
        select(User)
        .where(User.id == user_id)
        .options(
            joinedload(User.subscription).joinedload(UserSubscription.scheduled_tier_version),
            joinedload(User.token_balance),
        )
    )
    if user is None:
        raise UserNotFound(Message("There is no such user."))
    provisioning.ensure(user)
    return user


def get_record(user_id: int) -> UserRecord:
    """Return the user with the newest of everything that belongs to them.

    Raises:
        UserNotFound: there is no such user.
    """
    user = get(user_id)
    is_package = and_(Order.kind == OrderKind.TOKENS, Order.state == OrderState.PAID)
    return UserRecord(
        user=user,
        balance=due.read_current(user_id),
        lots=_newest(
            TokenLot, TokenLot.id, (TokenLot.user_id == user_id) & (TokenLot.remaining > 0)
        ),
        history=history.list_transactions(user_id, limit=SHOWN).lines,
        invoices=_newest(Invoice, Invoice.issued_at, Invoice.user_id == user_id),
        orders=_newest(Order, Order.id, is_package & (Order.user_id == user_id)),
        emails=_newest(Email, Email.id, Email.user_id == user_id),
        sessions=_newest(UserSession, UserSession.last_seen_at, UserSession.user_id == user_id),
    )


def _newest(model: type[Row], order: Column, condition: Condition) -> Sequence[Row]:
    return db.session.scalars(
        select(model).where(condition).order_by(order.desc()).limit(SHOWN)
    ).all()


def _matches(text: str) -> Condition:
    return or_(
        User.email.icontains(text, autoescape=True),
        User.external_id == text,
        User.stripe_customer_id == text,
    )
