"""The host product's users: provisioned by its own id, however often it asks."""

from sqlalchemy import select

from billing.database import db
from billing.domain import email_addresses
from billing.domain.email_addresses import BadEmailAddress
from billing.errors import AccountInactive, EmailTaken, InvalidInput
from billing.models import User
from billing.services import users


def provision(*, external_id: str, email: str, actor: str) -> tuple[User, bool]:
    """Return the user with the host's id, made if there is none; and whether it is new.

    Args:
        external_id: the host's own id of the user, 1 to 200 printable characters.
        email: where the user gets receipts; that of an existing user stays as it is.
        actor: who asks, for the audit log: `key:7`.

    Raises:
        InvalidInput: the e-mail address is none.
        EmailTaken: a user with another external id, or with none, has the address.
        AccountInactive: the user was disabled, or has closed the account.
        NoCatalog: no catalog was applied yet.
    """
    known = _find(external_id)
    if known is not None:
        return _require_active(known), False
    try:
        address = email_addresses.normalize(email)
    except BadEmailAddress as error:
        raise InvalidInput("The e-mail address is none.", errors={"email": str(error)}) from error
    try:
        return users.create(address, external_id=external_id, actor=actor), True
    except EmailTaken:
        # Another request may have made this very user a moment ago.
        known = _find(external_id)
        if known is None:
            raise
        return _require_active(known), False


def _find(external_id: str) -> User | None:
    return db.session.scalar(select(User).where(User.external_id == external_id))


def _require_active(user: User) -> User:
    if not user.is_active:
        raise AccountInactive("The account of this user is disabled or closed.")
    return user
