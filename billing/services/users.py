"""Users: made and found. Who makes one gets the free subscription and the balance with it."""

import re

import structlog
from sqlalchemy import or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from billing.database import db, transaction
from billing.errors import EmailTaken, UnknownCustomer, UserNotFound
from billing.messages import Message
from billing.models import AuditEntry, FormerCustomer, User
from billing.observability.timing import log_service_operation

log = structlog.get_logger(__name__)

MAX_ID = 2**63 - 1
ID_PATTERN = re.compile(r"[1-9][0-9]{0,18}")


def id_of(text: str) -> int:
    """Return our id that stands in the text; 0, which nothing has, where it is none."""
    return int(text) if ID_PATTERN.fullmatch(text) and int(text) <= MAX_ID else 0


@log_service_operation
def create(
    email: str,
    *,
    actor: str,
    password_hash: str | None = None,
    external_id: str | None = None,
    is_admin: bool = False,
    locale: str | None = None,
    time_zone: str = "UTC",
) -> User:
    """Create a user with its free subscription and token balance, in one transaction.

    Args:
        email: an address that was checked before; it is kept in lower case.
        actor: who does it, for the audit log: `cli`, `sign-up`, `key:…`.
        password_hash: an argon2 hash; None for a user of the host product.
        external_id: the host product's own id of the user.
        is_admin: whether the user may open the admin pages.
        locale, time_zone: how pages and e-mails are written, as far as it is known.

    Raises:
        EmailTaken: the address or the external id belongs to somebody.
        NoCatalog: no catalog was applied yet, so there is no tier to start on.
    """
    try:
        with transaction() as session:
            user = User(
                email=normalize_email(email),
                password_hash=password_hash,
                external_id=external_id,
                is_admin=is_admin,
                locale=locale,
                time_zone=time_zone,
            )
            session.add(user)
            session.flush()
            after = {"is_admin": is_admin, "external_id": external_id}
            session.add(
                AuditEntry(
                    actor=actor,
                    action="user.created",
                    subject_type="user",
                    subject_id=user.id,
                    after=after,
                )
            )
    except IntegrityError as error:
        raise EmailTaken("A user with this e-mail address or external id exists.") from error
    log.info("user.created", user_id=user.id, actor=actor)
    return user


def get(reference: str) -> User:
    """Return the user whom the host's external id, the e-mail address or our id names.

    Raises:
        UserNotFound: there is none.
    """
    user = db.session.scalar(
        select(User)
        .where(or_(User.external_id == reference, User.email == normalize_email(reference)))
        .order_by((User.external_id == reference).desc())
        .limit(1)
    )
    if user is None:
        user = db.session.get(User, id_of(reference))
    if user is None:
        raise UserNotFound(Message("There is no user with this id or e-mail address."))
    return user


@log_service_operation
def choose_locale(user: User, locale: str) -> None:
    """Write to the user in this language from now on, on pages and in e-mails."""
    with transaction():
        user.locale = locale


def lock_user(session: Session, user_id: int) -> User:
    """Lock the user's row until the transaction ends: the first lock of every order.

    Args:
        session: the session of the open transaction.
        user_id: a user that exists.
    """
    locked = select(User).where(User.id == user_id).with_for_update(key_share=True)
    return session.scalars(locked.execution_options(populate_existing=True)).one()


def lock_customer(session: Session, customer_id: str) -> User:
    """Lock the row of the user who is this customer at Stripe, or was until it was deleted.

    Args:
        session: the session of the open transaction.
        customer_id: Stripe's id.

    Raises:
        UnknownCustomer: no user of ours is or was this customer.
    """
    user_id = find_owner_id(session, customer_id)
    if user_id is None:
        raise UnknownCustomer(f"No user is the Stripe customer {customer_id}.")
    return lock_user(session, user_id)


def find_owner_id(session: Session, customer_id: str | None) -> int | None:
    """Return the id of the user who is this customer at Stripe, or was; None where nobody is.

    Args:
        session: any session.
        customer_id: Stripe's id, if there is one.
    """
    is_now = select(User.id).where(User.stripe_customer_id == customer_id)
    was = select(FormerCustomer.user_id).where(FormerCustomer.stripe_customer_id == customer_id)
    return session.scalar(is_now.union_all(was))


def normalize_email(email: str) -> str:
    """Return the form in which an address is kept and compared."""
    return email.strip().lower()
