"""Provisioning: the free subscription and the token balance that each user has.

Both rows are written in the flush that inserts the user, by whichever door the user came. A row
that went missing later is put back by `ensure`.
"""

import structlog
from sqlalchemy import event, select
from sqlalchemy.orm import Session, UOWTransaction

from billing import clock
from billing.database import transaction
from billing.domain.statuses import SubscriptionStatus
from billing.models import User, UserSubscription, UserTokenBalance
from billing.observability.timing import log_service_operation
from billing.services import balances, catalog
from billing.services.users import lock_user

log = structlog.get_logger(__name__)


@log_service_operation
def ensure(user: User) -> None:
    """Put back the subscription or the balance of a user who lacks one; else do nothing.

    Args:
        user: a stored user. Two calls at the same time make one row.

    Raises:
        NoCatalog: there is no default tier to start on.
    """
    if user.subscription is not None and user.token_balance is not None:
        return
    with transaction() as session:
        lock_user(session, user.id)
        _provision(session, user)
    session.expire(user)


def _provision(session: Session, user: User) -> None:
    subscription = session.scalar(
        select(UserSubscription).where(UserSubscription.user_id == user.id)
    )
    if subscription is None:
        subscription = _free_subscription()
        subscription.user_id = user.id
        session.add(subscription)
        session.flush()
        log.warning("subscription.healed", user_id=user.id)
    if session.get(UserTokenBalance, user.id) is None:
        balances.open_balance(
            user, tier_version=subscription.tier_version, anchor=subscription.anchor
        )
        log.warning("token_balance.healed", user_id=user.id)


def _free_subscription() -> UserSubscription:
    return UserSubscription(
        tier_version=catalog.get_default_tier().current_version,
        status=SubscriptionStatus.ACTIVE,
        anchor=clock.now(),
    )


@event.listens_for(Session, "before_flush")
def _provision_new_users(session: Session, _context: UOWTransaction, _instances: object) -> None:
    for user in [instance for instance in session.new if isinstance(instance, User)]:
        subscription = user.subscription = _free_subscription()
        user.token_balance = balances.empty_balance(
            tier_version=subscription.tier_version, anchor=subscription.anchor
        )
